// The webhook's metrics in the Prometheus text format (version 0.0.4), all named node_oversell_*.
// Thread-safe; a scrape delays no review by more than the copy of a 64th of the nodes. Bounded, see
// NodeMap.
#pragma once

#include "webhook/mutator.hpp"
#include "webhook/node_map.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace airlock::webhook {

class Metrics {
  public:
    using Clock = std::chrono::steady_clock;

    Metrics();

    // Dry runs count as requests but do not update a node's values.
    void record(const Mutation& mutation, std::chrono::nanoseconds took, Clock::time_point now);
    // A request that was answered with an HTTP status of 400 or above.
    void record_refused(unsigned status);
    void record_policy(bool good, std::string_view generation);
    void record_certificate(bool good, std::chrono::sys_seconds expires);
    void record_connections(std::int64_t change) { connections_ += change; }

    std::string text(Clock::time_point now);

  private:
    struct Values {
        double raw = 0;
        double applied = 0;
        double ratio = 1;
    };
    using Resources = std::map<std::string, Values, std::less<>>;
    using Counter = std::atomic<std::uint64_t>;

    void count_skipped(const Mutation& mutation);
    void remember(const Mutation& mutation, Clock::time_point now);
    void write_nodes(std::string& out, Clock::time_point now);

    static constexpr std::array kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                        0.005,  0.01,    0.05,   0.25,  1.0};

    std::array<Counter, kOutcomes> outcomes_{};
    std::array<Counter, kBounds.size() + 1> latency_{};
    Counter latency_nanoseconds_{0};
    Counter foreign_{0};
    Counter policy_loads_{0};
    Counter policy_errors_{0};
    Counter certificate_errors_{0};
    std::atomic<bool> policy_good_{false};
    std::atomic<std::int64_t> certificate_expiry_{0};
    std::atomic<std::int64_t> connections_{0};

    NodeMap<Resources, Clock::time_point> nodes_;

    std::mutex mutex_;  // guards the members below
    std::string policy_generation_;
    std::map<unsigned, std::uint64_t> refused_;
    std::map<std::pair<std::string, SkipReason>, std::uint64_t> skipped_;  // by resource and reason
};

}  // namespace airlock::webhook
