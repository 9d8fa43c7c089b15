// Avoids the etcd writes that overselling would cause. A kubelet whose allocatable differs from
// what is stored sends its full status every 10 s instead of every 5 minutes. When only the
// heartbeat times of the conditions have changed, restoring the stored times makes the request a
// no-op, and the API server skips the write. The node's Lease, which proves that it is alive, is
// not affected.
//
// Never hides a change: with any other difference, another order of conditions, or stored times
// that are too old, the request passes unchanged.
#pragma once

#include "webhook/admission_review.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct StoredTime {
    std::size_t condition;   // its index in the request
    std::string_view value;  // the stored lastHeartbeatTime
};

// The times to restore; absent when the request must be stored, as when a stored time is `max_age`
// old. The age is the kubelet's new time minus its stored time, so the clocks of two machines are
// never compared. Allocatable and annotations are the caller's to compare: they may be patched.
std::optional<std::vector<StoredTime>> heartbeat_times_to_restore(const NodeView& now,
                                                                  const NodeView& stored,
                                                                  std::chrono::seconds max_age);

}  // namespace airlock::webhook
