// How often the kubelet of each node reports, as far as this replica has seen. The age up to which
// a stored heartbeat may stay follows it: a kubelet that reports every second, because its operator
// wants fresh times, has them written more often than one that reports every 10 s.
//
// The only thing that the webhook remembers between two requests. After a restart, or for a node
// that it does not know, the longest age is in force until the second report.
#pragma once

#include "webhook/node_map.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace airlock::webhook {

// Less than the 5 minutes after which a kubelet reports in any case, with time for a slow report.
inline constexpr std::chrono::seconds kMaxHeartbeatAge{240};
// So that the default interval of 10 s gives the longest age.
inline constexpr int kReportsPerWrite = 24;

class ReportIntervals {
  public:
    // Records a report at `reported`, by the kubelet's own clock, and returns the age up to which
    // the stored heartbeat times of this node may stay.
    std::chrono::seconds record(std::string_view node, std::chrono::sys_seconds reported,
                                std::chrono::sys_seconds now);

  private:
    // The shortest of the last ones counts: API servers spread requests over several replicas, and
    // each then sees every second or third report.
    struct Recent {
        std::optional<std::chrono::sys_seconds> last;
        std::array<std::chrono::seconds, 8> intervals{};
        std::size_t count = 0;
    };
    NodeMap<Recent, std::chrono::sys_seconds> nodes_;
};

}  // namespace airlock::webhook
