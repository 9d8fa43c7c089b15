#include "webhook/writer.hpp"

#include "kubernetes/time.hpp"

#include <string_view>

namespace airlock::webhook {

std::optional<std::chrono::sys_seconds> heartbeat_time(const NodeView& node) {
    for (const auto& condition : node.conditions) {
        if (condition.type == "Ready") return kubernetes::parse_time(condition.heartbeat);
    }
    return std::nullopt;
}

bool is_heartbeat(const Review& review) {
    const auto now = heartbeat_time(review.now);
    return now && now > heartbeat_time(review.stored);
}

Writer writer_of(const Review& review) {
    constexpr std::string_view kKubelet = "system:node:";
    const bool kubelet = review.user.starts_with(kKubelet)
                             ? review.user.substr(kKubelet.size()) == review.now.name
                             : is_heartbeat(review);
    return kubelet ? Writer::kubelet : Writer::other;
}

}  // namespace airlock::webhook
