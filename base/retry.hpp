// Retries with exponential backoff. The delays are a pure function, and the sleep function is
// injected, so that tests do not sleep.
#pragma once

#include "base/error.hpp"

#include <chrono>
#include <functional>
#include <stop_token>
#include <string_view>

namespace airlock::base {

struct RetryPolicy {
    int attempts = 5;
    std::chrono::milliseconds first_delay{300};
    std::chrono::milliseconds longest_delay{10'000};
};

// How long to wait after failed attempt number `attempt` (from 1): doubled each time, but never
// less than Retry-After, because the server rejects an earlier attempt.
std::chrono::milliseconds retry_delay(const RetryPolicy& policy, int attempt, const Error& error);

// Returns early, with false, when `stop` is requested.
using Sleeper = std::function<bool(std::chrono::milliseconds, const std::stop_token&)>;
bool sleep_for(std::chrono::milliseconds delay, const std::stop_token& stop);

// Waits before the next attempt after attempt number `attempt` threw `error`, or rethrows when
// there is none. Call it inside the catch block.
void wait_or_rethrow(const RetryPolicy& policy, int attempt, const Error& error,
                     std::string_view what, const std::stop_token& stop,
                     const Sleeper& sleeper = sleep_for);

// Runs `task` until it succeeds, throws an Error that is not transient, or has used up its
// attempts.
template <typename Task>
decltype(auto) with_retries(const RetryPolicy& policy, std::string_view what,
                            const std::stop_token& stop, Task&& task) {
    for (int attempt = 1;; ++attempt) {
        try {
            return task();
        } catch (const Error& error) {
            wait_or_rethrow(policy, attempt, error, what, stop);
        }
    }
}

}  // namespace airlock::base
