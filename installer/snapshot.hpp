// How everything is before an install: every object of the plan as it is live or absent, every tag
// that will move, every node's allocatable. Reads, and changes nothing.
#pragma once

#include "images/registry.hpp"
#include "installer/generation.hpp"
#include "installer/install_plan.hpp"
#include "installer/kube_client.hpp"

#include <optional>

namespace airlock::installer {

// `cut_off` is the snapshot of an install that was cut off: what it holds is how things were
// before, and what it left behind is not.
Generation take_snapshot(KubeClient& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         const PlanRequest& request, const PushPlan& push,
                         const std::optional<Generation>& cut_off);

}  // namespace airlock::installer
