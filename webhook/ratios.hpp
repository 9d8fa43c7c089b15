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

}  // namespace airlock::webhook
