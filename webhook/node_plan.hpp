// What the policy wants of one node: the result of Policy::plan_for().
#pragma once

#include "webhook/ratio.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct PlannedRatio {
    std::string_view resource;
    Ratio ratio;
    std::string source;  // "default", "pool NAME" or "node"
};

// Views are valid as long as the policy.
struct NodePlan {
    enum class Action {
        oversell,  // apply the ratios
        restore,   // restore the real values
        observe,   // report what would change, change nothing
        skip,      // the node's ratio annotation is not valid: change nothing
    };
    Action action = Action::oversell;
    std::string_view reason = "policy";  // why, in a few words: for simulate and audit logs
    std::vector<PlannedRatio> ratios;    // sorted by resource; for observe, those of enforce
    std::string problem;                 // of the ratio annotation
};

}  // namespace airlock::webhook
