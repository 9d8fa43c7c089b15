// Who sent a request: the node's own kubelet, or another client.
#pragma once

#include "webhook/admission_review.hpp"
#include "webhook/raw_value.hpp"

#include <chrono>
#include <optional>

namespace airlock::webhook {

// The time of the Ready condition's heartbeat; absent if there is none that is valid.
std::optional<std::chrono::sys_seconds> heartbeat_time(const NodeView& node);

// Whether the request moves the Ready condition's heartbeat time forward, as only a kubelet does.
bool is_heartbeat(const Review& review);

// The kubelet is the user system:node:NAME. Where kubelets have another identity, it is any user
// but another node's kubelet whose request is a heartbeat.
Writer writer_of(const Review& review);

}  // namespace airlock::webhook
