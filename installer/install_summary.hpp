// What an install would change, found by asking the API server (dry runs) and the registry. Changes
// nothing; an object that the API server would refuse is found here, before anything is touched.
#pragma once

#include "images/registry.hpp"
#include "installer/install_plan.hpp"
#include "installer/push_images.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct ObjectChange {
    std::string object;               // as ObjectKey::text()
    std::vector<std::string> fields;  // "spec.replicas"; names alone: values may be secrets
};

struct InstallSummary {
    std::vector<std::string> create;  // as ObjectKey::text(), in the order of applying
    std::vector<ObjectChange> change;
    PushPlan push;

    bool nothing_to_do() const { return create.empty() && change.empty() && push.empty(); }
};

// What differs, the server's own bookkeeping aside.
std::vector<std::string> changed_fields(const Json& live, const Json& after);

InstallSummary summarize(KubeClient& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         std::size_t concurrency, const std::stop_token& stop);

}  // namespace airlock::installer
