// Spaces requests evenly, whatever the number of threads that send them. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>

namespace airlock::controller {

class RateLimit {
  public:
    using Clock = std::chrono::steady_clock;

    // REQUIRES: per_second > 0
    explicit RateLimit(unsigned per_second)
        : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second) {}

    // The time of the next request when it is asked for at `now`; unused time is not saved up.
    Clock::time_point next(Clock::time_point now);
    // Waits for it; false when `stop` is requested first.
    bool wait(const std::stop_token& stop);

  private:
    std::chrono::nanoseconds interval_;
    std::mutex mutex_;
    Clock::time_point next_;
};

}  // namespace airlock::controller
