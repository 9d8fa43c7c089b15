// What an install would change, according to dry runs of the API server and to the registry.
// Changes nothing; an object that the API server rejects is reported here, before the first change.
#pragma once

#include "base/json.hpp"
#include "images/registry.hpp"
#include "installer/plan/install_plan.hpp"
#include "installer/plan/push_plan.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct ObjectChange {
    std::string object;               // as kubernetes::ObjectKey::text()
    std::vector<std::string> fields;  // "spec.replicas"; never values, which may be secrets
};

struct InstallSummary {
    std::vector<std::string> create;  // as kubernetes::ObjectKey::text(), in the order of applying
    std::vector<ObjectChange> change;
    PushPlan push;

    bool nothing_to_do() const { return create.empty() && change.empty() && push.empty(); }
};

// Paths of the fields that differ, without those that the API server maintains.
std::vector<std::string> changed_fields(const base::Json& live, const base::Json& after);

InstallSummary summarize(kubernetes::Client& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         std::size_t concurrency, const std::stop_token& stop);

}  // namespace airlock::installer
