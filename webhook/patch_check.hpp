// The final check of a patch before it is sent: applies it to the fields of the Node that it may
// change, and validates the result as the API server will. failurePolicy Ignore does not cover a
// patch that cannot be applied or that makes the Node invalid: either would stop the node's
// heartbeats.
//
// Shares no code with what creates patches.
#pragma once

#include "webhook/admission_review.hpp"
#include "webhook/ratio.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace airlock::webhook {

// The ratio in force of a resource: 1 where its value goes back to the real one.
struct RatioLimit {
    std::string_view resource;
    Ratio ratio;
};

// Why `patch` must not be sent for the Node `now`; absent when it is valid: it can be applied;
// allocatable has the same resources as before, each with a quantity that Kubernetes accepts and
// that is at most the capacity times the ratio in force; of
// the annotations only the state changes, and it can be parsed; of the conditions only heartbeat
// times change, and they are valid times.
std::optional<std::string> find_patch_error(const NodeView& now, std::string_view patch,
                                            std::span<const RatioLimit> limits);

}  // namespace airlock::webhook
