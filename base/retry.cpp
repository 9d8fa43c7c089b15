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
    // Bounded: a server must not be able to block us forever.
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
    log_warn("{}: {}; retrying in {} ms (attempt {}/{})", what, error.what(), delay.count(),
             attempt + 1, policy.attempts);
    if (!sleeper(delay, stop)) {
        Error cancelled(Errc::cancelled, "cancelled");
        cancelled.add_context(std::string(what));
        throw cancelled;
    }
}

}  // namespace airlock::base
