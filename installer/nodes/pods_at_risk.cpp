#include "installer/nodes/pods_at_risk.hpp"

#include "kubernetes/pod_fit.hpp"

#include <algorithm>

namespace airlock::installer {

using base::Json;

std::vector<PodAtRisk> pods_at_risk(const std::vector<Json>& pods, const std::vector<Json>& nodes,
                                    const std::vector<NodeBefore>& raw) {
    std::vector<PodAtRisk> out;
    for (const auto& node : nodes) {
        const auto name = base::text_at(node, {"metadata", "name"});
        const auto known = std::ranges::find(raw, name, &NodeBefore::name);
        const auto* capacity = base::find_path(node, {"status", "capacity"});
        const auto allocatable = known != raw.end()    ? known->allocatable
                                 : capacity != nullptr ? *capacity
                                                       : Json();
        for (auto& unfit : kubernetes::unfit_pods(pods, name, allocatable)) {
            out.push_back(
                {.node = name, .pod = std::move(unfit.pod), .resource = std::move(unfit.resource)});
        }
    }
    return out;
}

}  // namespace airlock::installer
