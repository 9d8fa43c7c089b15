// The ratio that applies to a resource of a node now: the one that is wanted, within the limits of
// the policy. A pure function; the clock is an argument.
//
// W is the wanted ratio, r the recorded one, M the policy's maximum.
//
//      record   wanted    target
//   1. absent   absent    none: the resource is not oversold
//   2. absent   W         min(W, M), at once
//   3. r        absent    min(r, M): a mistake elsewhere does not take away what pods use
//   4. r        W         min(W, M)
//
// With a record, a falling target is first raised to what pods request (RatioLimits::requested),
// though not above r. Then the ramp applies: the ratio moves from r toward the target by at most
// one step, and not before the interval since the last step has passed.
#pragma once

#include "webhook/node_state.hpp"
#include "webhook/ramp.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace airlock::webhook {

struct RatioLimits {
    Ratio max;
    const Ramp* ramp = nullptr;         // nullptr: no limit of speed
    std::optional<Quantity> requested;  // by the node's pods; absent: no floor
};

struct RatioInForce {
    Ratio ratio;
    std::optional<std::chrono::sys_seconds> stepped;  // when the ramp last moved it
};

// `raw` is the real value that the ratio will multiply. Absent: row 1.
std::optional<RatioInForce> ratio_in_force(std::string_view resource, std::optional<Ratio> wanted,
                                           const ResourceState* record, const Quantity& raw,
                                           const RatioLimits& limits, std::chrono::sys_seconds now);

}  // namespace airlock::webhook
