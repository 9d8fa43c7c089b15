// Bounded parallelism for independent tasks.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace airlock::base {

// Calls task(i, stop) for every i in [0, count), in order of i, on at most `limit` threads. The
// first exception stops the rest and is rethrown when all threads have ended. When `stop` is
// requested, Errc::cancelled is thrown unless all tasks were already done.
void for_each_parallel(std::size_t count, std::size_t limit, const std::stop_token& stop,
                       const std::function<void(std::size_t, const std::stop_token&)>& task);

}  // namespace airlock::base
