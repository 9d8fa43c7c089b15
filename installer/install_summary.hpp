// What an install would change, found by asking the API server (dry runs) and the registry. Changes
// nothing; an object that the API server would refuse is found here, before anything is touched.
#pragma once

#include "images/registry.hpp"
#include "installer/install_plan.hpp"
#include "installer/push_images.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct InstallSummary {
    std::vector<std::string> create;  // as ObjectKey::text(), in the order of applying
    std::vector<std::string> change;
    PushPlan push;

    bool nothing_to_do() const { return create.empty() && change.empty() && push.empty(); }
};

InstallSummary summarize(KubeClient& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         std::size_t concurrency, const std::stop_token& stop);

}  // namespace airlock::installer
