// The state before an install: every object of the plan, live or absent, every tag that will move,
// every node's allocatable. Reads only; never changes anything.
#pragma once

#include "images/registry.hpp"
#include "installer/plan/install_plan.hpp"
#include "installer/plan/push_plan.hpp"
#include "installer/record/generation.hpp"
#include "kubernetes/client.hpp"

#include <optional>
#include <set>
#include <string>

namespace airlock::installer {

// An install that was interrupted: the snapshot that it took, and what its journal announced that
// it would change (names of objects, and REPOSITORY:TAG).
struct InterruptedRun {
    Generation snapshot;
    std::set<std::string> touched;
};

Generation take_snapshot(kubernetes::Client& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         const PlanRequest& request, const PushPlan& push,
                         const std::optional<InterruptedRun>& interrupted);

}  // namespace airlock::installer
