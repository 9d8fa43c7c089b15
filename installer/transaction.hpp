// An install as a transaction: verify, preflight, plan, push, certificate, apply, webhook
// configuration last, checks, commit. After any end, kill -9 included, there are two ways on:
// install again, which continues, or rollback.
#pragma once

#include "base/program.hpp"
#include "images/registry.hpp"
#include "installer/generation.hpp"
#include "installer/install_plan.hpp"
#include "installer/journal.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace airlock::installer {

struct TransactionOptions {
    std::filesystem::path state_dir = "/var/lib/airlock";
    std::chrono::seconds timeout{300};
    std::size_t concurrency = 4;
    bool roll_back_on_failure = true;
};

// What an install would do, in words, one a line.
struct InstallSummary {
    std::vector<std::string>
        objects;  // "create Deployment x/y", "change …"; unchanged ones are left out
    PushPlan push;
    bool nothing_to_do() const { return objects.empty() && push.empty(); }
};

class Transaction {
  public:
    // Takes the lock of the state folder. Errc::conflict when another installer holds it.
    Transaction(KubeClient& client, images::RegistryClient& registry, TransactionOptions options,
                std::stop_token stop);

    // Looks, and changes nothing.
    InstallSummary summarize(const manifests::Bundle& bundle, const InstallPlan& plan);
    // Throws only while nothing has changed; afterwards the exit code tells.
    base::ExitCode install(const manifests::Bundle& bundle, const InstallPlan& plan,
                           const PlanRequest& request, bool plain_http);
    // To the generation `target`; to the one before the newest when it is negative. An install that
    // was cut off is undone alone.
    base::ExitCode roll_back(int target);

    bool unfinished() const;

  private:
    bool undoing() const;
    std::filesystem::path pending_path() const { return options_.state_dir / "pending.json"; }
    Generation load_pending() const;
    Generation snapshot(const manifests::Bundle& bundle, const InstallPlan& plan,
                        const PlanRequest& request, const PushPlan& push, bool plain_http);
    void apply_all(const manifests::Bundle& bundle, const InstallPlan& plan);
    void wait_for_certificate(const manifests::CertificateSpec& spec);
    void inject_ca(const manifests::CertificateSpec& spec, const InstallPlan& plan);
    void run_checks(const manifests::Bundle& bundle);
    void commit(const Generation& generation);
    base::ExitCode undo_pending();

    KubeClient& client_;
    images::RegistryClient& registry_;
    TransactionOptions options_;
    std::stop_token stop_;
    base::FileLock lock_;
    Journal journal_;
};

}  // namespace airlock::installer
