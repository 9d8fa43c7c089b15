#include "base/parallel.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <set>
#include <thread>
#include <vector>

namespace airlock::base {
namespace {

using test::expect_error;

TEST(ForEachParallel, CallsEachOnce) {
    for (const std::size_t limit : {0U, 1U, 3U, 100U}) {
        std::vector<std::atomic<int>> calls(50);
        for_each_parallel(calls.size(), limit, {},
                          [&](std::size_t i, const std::stop_token&) { ++calls[i]; });
        for (const auto& count : calls)
            EXPECT_EQ(count, 1) << limit;
    }
    for_each_parallel(0, 4, {}, [](std::size_t, const std::stop_token&) { FAIL(); });
}

TEST(ForEachParallel, RunsInOrderWithALimitOfOne) {
    std::vector<std::size_t> order;
    for_each_parallel(20, 1, {},
                      [&](std::size_t i, const std::stop_token&) { order.push_back(i); });
    std::vector<std::size_t> expected(20);
    std::iota(expected.begin(), expected.end(), 0U);
    EXPECT_EQ(order, expected);
}

TEST(ForEachParallel, RunsAsManyTasksAtATimeAsAllowed) {
    constexpr std::ptrdiff_t kLimit = 4;
    std::latch together(kLimit);  // released when four tasks run at the same time
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    for_each_parallel(40, kLimit, {}, [&](std::size_t i, const std::stop_token&) {
        const int now = ++running;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        if (i < kLimit) together.arrive_and_wait();
        --running;
    });
    EXPECT_EQ(most, kLimit);
}

TEST(ForEachParallel, TheFirstErrorStopsTheOthersAndIsRethrown) {
    std::binary_semaphore failed{0};
    std::atomic<int> begun{0};
    expect_error(
        [&] {
            for_each_parallel(1000, 2, {}, [&](std::size_t i, const std::stop_token& stop) {
                ++begun;
                if (i == 0) {
                    // Ends only because the other task failed.
                    const std::stop_callback wake(stop, [&] { failed.release(); });
                    failed.acquire();
                    throw Error(Errc::cancelled, "cancelled");
                }
                throw Error(Errc::network, "the first one");
            });
        },
        Errc::network, "the first one");
    EXPECT_EQ(begun, 2);
}

TEST(ForEachParallel, RethrowsOtherExceptions) {
    EXPECT_THROW(for_each_parallel(3, 3, {},
                                   [](std::size_t, const std::stop_token&) {
                                       throw std::out_of_range("foreign");
                                   }),
                 std::out_of_range);
}

TEST(ForEachParallel, AStopRequestIsAnErrorUnlessAllTasksAreDone) {
    std::stop_source stop;
    std::atomic<int> begun{0};
    expect_error(
        [&] {
            for_each_parallel(100, 2, stop.get_token(), [&](std::size_t, const std::stop_token&) {
                if (++begun == 3) stop.request_stop();
            });
        },
        Errc::cancelled, "cancelled");
    EXPECT_LT(begun, 100);

    std::stop_source late;
    for_each_parallel(5, 1, late.get_token(), [&](std::size_t i, const std::stop_token&) {
        if (i == 4) late.request_stop();
    });
}

}  // namespace
}  // namespace airlock::base
