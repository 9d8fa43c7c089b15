// Which pods a kubelet would reject if it restarted with the real allocatable of its node. After a
// rollback such pods keep running until the next restart of their kubelet. Pure.
#pragma once

#include "installer/record/generation.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct PodAtRisk {
    std::string node;
    std::string pod;       // namespace/name
    std::string resource;  // the first resource that is insufficient
};

// `pods` and `nodes` as listed by the API server; `raw` is the allocatable of each node without
// oversell, and a node that is not in it has at most its capacity.
std::vector<PodAtRisk> pods_at_risk(const std::vector<base::Json>& pods,
                                    const std::vector<base::Json>& nodes,
                                    const std::vector<NodeBefore>& raw);

}  // namespace airlock::installer
