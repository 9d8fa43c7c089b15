// Trying again what may succeed a little later. The delays are a pure function; who sleeps is
// injected, so tests do not.
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

// How long to wait after failed try number `attempt` (from 1): doubled each time; never less than
// Retry-After, because a server that named a time refuses before it, and the try is wasted.
std::chrono::milliseconds retry_delay(const RetryPolicy& policy, int attempt, const Error& error);

// Returns early, with false, when `stop` is requested.
using Sleeper = std::function<bool(std::chrono::milliseconds, const std::stop_token&)>;
bool sleep_for(std::chrono::milliseconds delay, const std::stop_token& stop);

// Asks whether to go on after `error` was thrown by try number `attempt`; sleeps when so, rethrows
// when not. Call it inside the catch block.
void wait_or_rethrow(const RetryPolicy& policy, int attempt, const Error& error,
                     std::string_view what, const std::stop_token& stop,
                     const Sleeper& sleeper = sleep_for);

// Runs `task` until it succeeds, an Error that is not transient leaves it, or the attempts are used
// up.
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
