// The last look at an answer before it leaves: the patch is applied to the parts of the Node that
// it may touch, and what comes out is read again as the API server will. failurePolicy Ignore does
// not cover a patch that cannot be applied or a Node that is invalid afterwards: each of them would
// stop the node's heartbeats.
//
// Shares nothing with the code that makes patches.
#pragma once

#include "webhook/admission_review.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

// Why `patch` must not be sent for the Node `now`, or absent when it may: it applies; allocatable
// has the same resources as before, each a quantity that Kubernetes accepts there; of the
// annotations only the state changed, and it can be read; of the conditions only the times changed,
// and they are times.
std::optional<std::string> find_fault(const NodeView& now, std::string_view patch);

}  // namespace airlock::webhook
