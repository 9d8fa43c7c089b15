#include "webhook/report_intervals.hpp"

#include <algorithm>

namespace airlock::webhook {

std::chrono::seconds ReportIntervals::record(std::string_view node,
                                             std::chrono::sys_seconds reported,
                                             std::chrono::sys_seconds now) {
    auto age = kMaxHeartbeatAge;
    nodes_.update(node, now, [&](Recent& recent) {
        auto& [last, intervals, count] = recent;
        // Not after the clock of the node was set back.
        if (last && reported > *last) intervals.at(count++ % intervals.size()) = reported - *last;
        last = reported;
        const auto known = std::min(count, intervals.size());
        for (std::size_t i = 0; i < known; ++i)
            age = std::min(age, intervals.at(i) * kReportsPerWrite);
    });
    return age;
}

}  // namespace airlock::webhook
