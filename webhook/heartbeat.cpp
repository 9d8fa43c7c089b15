#include "webhook/heartbeat.hpp"

#include "kubernetes/time.hpp"

namespace airlock::webhook {

std::optional<std::vector<StoredTime>> heartbeat_times_to_restore(const NodeView& now,
                                                                  const NodeView& stored,
                                                                  std::chrono::seconds max_age) {
    if (now.other_fields != stored.other_fields || now.labels != stored.labels ||
        now.conditions.size() != stored.conditions.size()) {
        return std::nullopt;
    }
    std::vector<StoredTime> times;
    for (std::size_t i = 0; i < now.conditions.size(); ++i) {
        const auto& fresh = now.conditions[i];
        const auto& old = stored.conditions[i];
        if (fresh.heartbeat == old.heartbeat) continue;
        const auto fresh_time = kubernetes::parse_time(fresh.heartbeat);
        const auto old_time = kubernetes::parse_time(old.heartbeat);
        if (!fresh_time || !old_time) return std::nullopt;
        const auto age = *fresh_time - *old_time;
        if (age < std::chrono::seconds::zero() || age >= max_age) return std::nullopt;
        times.push_back({i, old.heartbeat});
    }
    return times;
}

}  // namespace airlock::webhook
