// Which pods of a node would not fit into a given allocatable. Pods that run already keep running;
// but a kubelet that restarts admits its pods anew, and rejects those that do not fit. Pure.
#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::kubernetes {

struct UnfitPod {
    std::string pod;  // namespace/name
    std::int64_t priority = 0;
    std::string resource;  // the first resource that is insufficient
};

// `pods` as listed by the API server, of any node; `allocatable` maps resources to quantities.
// Admits pods as the kubelet does (pkg/kubelet/lifecycle/predicate.go): critical pods first, then
// by age. A malformed quantity counts as zero: the result is a warning, not a decision.
std::vector<UnfitPod> unfit_pods(std::span<const base::Json> pods, std::string_view node,
                                 const base::Json& allocatable);

}  // namespace airlock::kubernetes
