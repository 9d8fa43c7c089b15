// How everything is before an install: every object of the plan as it is live or absent, every tag
// that will move, every node's allocatable. Reads, and changes nothing.
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

// An install that was cut off: how things were before it, and what it announced that it would
// change (names of objects, and REPOSITORY:TAG).
struct CutOff {
    Generation snapshot;
    std::set<std::string> touched;
};

Generation take_snapshot(kubernetes::Client& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         const PlanRequest& request, const PushPlan& push,
                         const std::optional<CutOff>& cut_off);

}  // namespace airlock::installer
