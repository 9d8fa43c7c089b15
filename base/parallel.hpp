// Bounded parallelism for independent tasks.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace airlock::base {

// Calls task(i, stop) for every i in [0, count), in order of i, at most `limit` at a time, each on
// a thread of its own. The first exception stops the rest and is rethrown when all threads have
// ended; when `stop` is requested from outside, Errc::cancelled is thrown unless everything was
// done already.
void for_each_parallel(std::size_t count, std::size_t limit, const std::stop_token& stop,
                       const std::function<void(std::size_t, const std::stop_token&)>& task);

}  // namespace airlock::base
