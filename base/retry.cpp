#include "base/retry.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace airlock::base {

std::chrono::milliseconds retry_delay(const RetryPolicy& policy, int attempt, const Error& error) {
    auto delay = policy.first_delay;
    for (int i = 1; i < attempt && delay < policy.longest_delay; ++i)
        delay *= 2;
    delay = std::min(delay, policy.longest_delay);
    // A server may not hold us for ever either.
    const std::chrono::milliseconds asked = error.retry_after().value_or(std::chrono::seconds(0));
    return std::max(delay, std::min<std::chrono::milliseconds>(asked, std::chrono::minutes(2)));
}

bool sleep_for(std::chrono::milliseconds delay, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, delay, [] { return false; });
    return !stop.stop_requested();
}

void wait_or_rethrow(const RetryPolicy& policy, int attempt, const Error& error,
                     std::string_view what, const std::stop_token& stop, const Sleeper& sleeper) {
    if (!error.transient() || attempt >= policy.attempts || stop.stop_requested()) throw;
    const auto delay = retry_delay(policy, attempt, error);
    log_warn("{}: {}; try {} of {} in {} ms", what, error.what(), attempt + 1, policy.attempts,
             delay.count());
    if (!sleeper(delay, stop)) {
        Error stopped(Errc::cancelled, "stopped on request");
        stopped.add_context(std::string(what));
        throw stopped;
    }
}

}  // namespace airlock::base
