#include "base/parallel.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace airlock::base {

void for_each_parallel(std::size_t count, std::size_t limit, const std::stop_token& stop,
                       const std::function<void(std::size_t, const std::stop_token&)>& task) {
    std::stop_source inner;
    const std::stop_callback forward(stop, [&inner] { inner.request_stop(); });
    std::atomic<std::size_t> next{0};
    std::atomic<std::size_t> finished{0};
    std::mutex mutex;
    std::exception_ptr first;

    const auto work = [&] {
        for (;;) {
            const auto i = next++;
            if (i >= count || inner.stop_requested()) return;
            try {
                task(i, inner.get_token());
                ++finished;
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!first) first = std::current_exception();
                inner.request_stop();
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        const auto wanted = std::min(count, std::max<std::size_t>(limit, 1));
        for (std::size_t i = 1; i < wanted; ++i)
            threads.emplace_back(work);
        work();
    }
    if (first) std::rethrow_exception(first);
    if (finished != count) throw Error(Errc::cancelled, "cancelled");
}

}  // namespace airlock::base
