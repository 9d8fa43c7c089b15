// Which pods a kubelet would reject if it was restarted with a node's real allocatable: a rollback
// takes the oversell away, the pods go on running, and the next restart of their kubelet ends them.
// Pure.
#pragma once

#include "installer/record/generation.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct PodAtRisk {
    std::string node;
    std::string pod;       // namespace/name
    std::string resource;  // the first that it does not fit by
};

// `pods` and `nodes` as the API server lists them; `raw` is each node's allocatable without the
// oversell, and a node that it does not name can have no more than its capacity. Counts as the
// kubelet does (pkg/kubelet/lifecycle/predicate.go): critical pods first, then by age.
std::vector<PodAtRisk> pods_at_risk(const std::vector<base::Json>& pods,
                                    const std::vector<base::Json>& nodes,
                                    const std::vector<NodeBefore>& raw);

}  // namespace airlock::installer
