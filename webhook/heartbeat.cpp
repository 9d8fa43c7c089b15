#include "webhook/heartbeat.hpp"

namespace airlock::webhook {

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
    if (text.size() != kForm.size()) return std::nullopt;
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t length) {
        int value = 0;
        for (const char character : text.substr(at, length))
            value = value * 10 + (character - '0');
        return value;
    };
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                          std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (!day.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 60)
        return std::nullopt;
    return std::chrono::sys_days(day) + std::chrono::hours(number(11, 2)) +
           std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
}

std::optional<std::vector<StoredTime>> heartbeat_times_to_restore(const NodeView& now,
                                                                  const NodeView& stored) {
    if (now.other_fields != stored.other_fields || now.labels != stored.labels ||
        now.conditions.size() != stored.conditions.size()) {
        return std::nullopt;
    }
    std::vector<StoredTime> times;
    for (std::size_t i = 0; i < now.conditions.size(); ++i) {
        const auto& fresh = now.conditions[i];
        const auto& old = stored.conditions[i];
        if (fresh.heartbeat == old.heartbeat) continue;
        const auto fresh_time = parse_time(fresh.heartbeat);
        const auto old_time = parse_time(old.heartbeat);
        if (!fresh_time || !old_time) return std::nullopt;
        const auto age = *fresh_time - *old_time;
        if (age < std::chrono::seconds::zero() || age >= kMaxHeartbeatAge) return std::nullopt;
        times.push_back({i, old.heartbeat});
    }
    return times;
}

}  // namespace airlock::webhook
