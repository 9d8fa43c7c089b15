// Ratios by resource, as the policy and the annotation of a node set them.
#pragma once

#include "webhook/ratio.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct ResourceRatio {
    std::string resource;
    Ratio ratio;
};
using Ratios = std::vector<ResourceRatio>;  // a handful: searched one by one

// The ratio of `resource`, or nullptr.
const Ratio* find_ratio(const Ratios& ratios, std::string_view resource);

// The highest ratios that may be applied. There is always one: "20" typed for "2.0" must not reach
// a fleet.
struct MaxRatios {
    Ratios set;  // by the policy

    // What the policy sets; otherwise 4 for cpu, 2 for memory and 1 for every other resource.
    Ratio of(std::string_view resource) const;
};

}  // namespace airlock::webhook
