#include "controller/rate_limit.hpp"

#include "base/retry.hpp"

#include <algorithm>

namespace airlock::controller {

RateLimit::Clock::time_point RateLimit::next(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto at = std::max(next_, now);
    next_ = at + interval_;
    return at;
}

bool RateLimit::wait(const std::stop_token& stop) {
    const auto now = Clock::now();
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(next(now) - now);
    return delay.count() == 0 ? !stop.stop_requested() : base::sleep_for(delay, stop);
}

}  // namespace airlock::controller
