// What the policy wants of one node: the result of Policy::plan_for().
#pragma once

#include "webhook/node_annotations.hpp"
#include "webhook/ramp.hpp"
#include "webhook/ratios.hpp"
#include "webhook/raw_value.hpp"
#include "webhook/skip_reason.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct PlannedRatio {
    std::string_view resource;
    std::optional<Ratio> ratio;  // absent: the recorded one is held
    std::string source = {};     // "default", "pool NAME" or "node"
    SkipReason skip = SkipReason::none;
};

// Views and pointers are valid as long as the policy.
struct NodePlan {
    enum class Action {
        oversell,  // apply the ratios
        hold,      // keep what is recorded, oversell nothing more: outside the canary
        observe,   // as hold, and report what oversell would do
        restore,   // restore the real values
    };
    Action action = Action::oversell;
    std::string_view reason = "policy";  // why, in a few words: for simulate and audit logs
    std::vector<PlannedRatio> ratios;    // sorted by resource; those of 1 included
    const MaxRatios* max = nullptr;      // nullptr: the defaults
    const Ramp* ramp = nullptr;          // nullptr: ratios move at once
    ForeignWrites foreign_writes = ForeignWrites::ignore;
    ResourceValues<Quantity> requested = {};  // floors; without any, ratios fall freely
    std::string problem = {};                 // of the node's annotations
};

}  // namespace airlock::webhook
