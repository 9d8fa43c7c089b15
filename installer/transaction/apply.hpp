// The steps of an install that change the cluster, in order: the objects of each component, waiting
// where later ones need earlier ones, then the CA bundle of webhook configurations, then the checks
// that the bundle describes. Never changes anything that the journal has not announced.
#pragma once

#include "installer/plan/install_plan.hpp"
#include "installer/record/journal.hpp"
#include "kubernetes/client.hpp"

#include <chrono>
#include <set>
#include <stop_token>
#include <string>

namespace airlock::installer {

class Apply {
  public:
    // `absent`: objects that did not exist before, as kubernetes::ObjectKey::text(). `timeout` is
    // for each component.
    Apply(kubernetes::Client& client, const manifests::Bundle& bundle, const InstallPlan& plan,
          std::set<std::string> absent, Journal& journal, std::chrono::seconds timeout,
          std::stop_token stop);

    void components();
    // Waits for cert-manager's certificate and its injection, or injects the installer's own.
    void certificate();
    // Errc::timeout with the last answer of the service.
    void checks();

  private:
    void component(const PlannedComponent& component);
    void object(const PlannedObject& object);
    // Announces the act, applies the text, and records what undoing needs: the uid of an object that
    // is new, the content of another one before and after.
    void write(Act act, const kubernetes::ObjectKey& key, std::string_view text,
               const std::string& field_manager);
    void wait(const std::string& component, std::vector<kubernetes::ObjectKey>& applied);
    void inject(const manifests::InjectTarget& target);
    void check(const manifests::Check& check);
    // Errc::cancelled on a request to stop.
    void pause();

    kubernetes::Client& client_;
    const manifests::Bundle& bundle_;
    const InstallPlan& plan_;
    std::set<std::string> absent_;
    Journal& journal_;
    std::chrono::seconds timeout_;
    std::stop_token stop_;
};

}  // namespace airlock::installer
