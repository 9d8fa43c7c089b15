// The annotations with which people and programs steer the overselling of one node:
//
//   node-oversell/ratio: cpu=1.5, memory=1.2        the ratios of this node, instead of the policy's
//   node-oversell/requested: cpu=5200m, memory=9Gi  what the node's pods request: a floor
//
// A mistake concerns only the resource that it was made in, or every resource when none is named.
#pragma once

#include "webhook/quantity.hpp"
#include "webhook/ratio.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::webhook {

inline constexpr std::string_view kRatioAnnotation = "node-oversell/ratio";
inline constexpr std::string_view kRequestedAnnotation = "node-oversell/requested";

template <typename Value>
struct ResourceValues {
    std::vector<std::pair<std::string, Value>> valid;
    std::vector<std::string> malformed;  // resources without a valid value
    bool unclear = false;                // some part names no resource: all others are in question
    std::string problem;                 // for people; empty if there is none

    const Value* find(std::string_view resource) const {
        for (const auto& [name, value] : valid) {
            if (name == resource) return &value;
        }
        return nullptr;
    }
    bool is_malformed(std::string_view resource) const {
        return std::ranges::find(malformed, resource) != malformed.end();
    }
    // Whether a value may have been meant for `resource` that is not in `valid`.
    bool in_question(std::string_view resource) const {
        return is_malformed(resource) || (unclear && find(resource) == nullptr);
    }
};

ResourceValues<Ratio> parse_ratio_annotation(std::string_view text);
ResourceValues<Quantity> parse_requested_annotation(std::string_view text);

}  // namespace airlock::webhook
