// Saves the writes that oversell itself would cause. A kubelet that finds another allocatable than
// its own sends its whole status at every tick (10 s) instead of every 5 minutes. When nothing in
// it is news but the times of the conditions, putting the stored times back makes the request a
// no-op, and the API server skips the write. Liveness is the node's Lease, which this never
// touches.
//
// Never hides news: any other difference, another order of conditions, or stored times of 4 minutes
// and more let the request pass as it is.
#pragma once

#include "webhook/admission_review.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace airlock::webhook {

// Below the 5 minutes after which a kubelet reports in any case, by more than one slow tick.
inline constexpr std::chrono::seconds kMaxHeartbeatAge{240};

struct OldTime {
    std::size_t condition;   // its index in the request
    std::string_view value;  // the stored lastHeartbeatTime
};

// "2026-11-21T00:52:59Z" as seconds since 1970; absent for another form.
std::optional<std::chrono::sys_seconds> parse_time(std::string_view text);

// The times to put back, or absent when the request must be stored. The age is the kubelet's own
// measure: its new time minus its stored one, so clocks of two machines are never compared.
// Allocatable and annotations are not looked at: the caller knows what they will be.
std::optional<std::vector<OldTime>> times_to_put_back(const NodeView& now, const NodeView& stored);

}  // namespace airlock::webhook
