#include "base/retry.hpp"

#include "base/log.hpp"
#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::expect_error;

class RetryTest : public ::testing::Test {
  protected:
    RetryTest() { init_logging(LogLevel::off, LogFormat::text); }

    // Like with_retries, with a sleeper that only records the delays.
    template <typename Task>
    auto run(const RetryPolicy& policy, Task&& task) {
        for (int attempt = 1;; ++attempt) {
            try {
                return task(attempt);
            } catch (const Error& error) {
                wait_or_rethrow(policy, attempt, error, "blob x", stop_.get_token(), sleeper_);
            }
        }
    }

    std::stop_source stop_;
    std::vector<milliseconds> slept_;
    Sleeper sleeper_ = [this](milliseconds delay, const std::stop_token& stop) {
        slept_.push_back(delay);
        return !stop.stop_requested();
    };
};

TEST_F(RetryTest, DelaysDoubleUpToTheMaximum) {
    const RetryPolicy policy{
        .attempts = 10, .first_delay = milliseconds(300), .longest_delay = milliseconds(2000)};
    const Error error(Errc::network, "x");
    std::vector<milliseconds> delays;
    for (int attempt = 1; attempt <= 6; ++attempt)
        delays.push_back(retry_delay(policy, attempt, error));
    EXPECT_EQ(delays, (std::vector<milliseconds>{milliseconds(300), milliseconds(600),
                                                 milliseconds(1200), milliseconds(2000),
                                                 milliseconds(2000), milliseconds(2000)}));
    EXPECT_EQ(retry_delay(policy, 1'000'000, error), milliseconds(2000));
}

TEST_F(RetryTest, HonorsRetryAfterWithinALimit) {
    const RetryPolicy policy;
    Error error(Errc::unavailable, "x");
    error.set_retry_after(seconds(20));
    EXPECT_EQ(retry_delay(policy, 1, error), seconds(20));
    error.set_retry_after(seconds(0));
    EXPECT_EQ(retry_delay(policy, 1, error), policy.first_delay);
    error.set_retry_after(seconds(1'000'000'000));
    EXPECT_EQ(retry_delay(policy, 1, error), seconds(120));
}

TEST_F(RetryTest, RetriesUntilItSucceeds) {
    const auto answer = run({}, [](int attempt) {
        if (attempt < 3) throw Error(Errc::unavailable, "not now");
        return attempt;
    });
    EXPECT_EQ(answer, 3);
    EXPECT_EQ(slept_, (std::vector<milliseconds>{milliseconds(300), milliseconds(600)}));
}

TEST_F(RetryTest, RethrowsTheErrorOfTheLastAttempt) {
    expect_error(
        [&] {
            run({.attempts = 3},
                [](int attempt) -> int { throw Error(Errc::network, "attempt {}", attempt); });
        },
        Errc::network, "attempt 3");
    EXPECT_EQ(slept_.size(), 2U);
}

TEST_F(RetryTest, DoesNotRetryPermanentErrors) {
    for (const auto code :
         {Errc::denied, Errc::integrity, Errc::invalid, Errc::not_found, Errc::remote}) {
        int tries = 0;
        expect_error(
            [&] {
                run({}, [&](int) -> int {
                    ++tries;
                    throw Error(code, "no");
                });
            },
            code, "no");
        EXPECT_EQ(tries, 1) << to_string(code);
    }
    EXPECT_TRUE(slept_.empty());
}

TEST_F(RetryTest, AStopRequestWhileWaitingIsCancelled) {
    sleeper_ = [this](milliseconds delay, const std::stop_token&) {
        slept_.push_back(delay);
        stop_.request_stop();
        return false;
    };
    expect_error([&] { run({}, [](int) -> int { throw Error(Errc::network, "no connection"); }); },
                 Errc::cancelled, "blob x");
    EXPECT_EQ(slept_.size(), 1U);
}

TEST_F(RetryTest, SleepingEndsImmediatelyWhenStopped) {
    stop_.request_stop();
    EXPECT_FALSE(sleep_for(std::chrono::hours(1), stop_.get_token()));
    EXPECT_TRUE(sleep_for(milliseconds(1), {}));
}

}  // namespace
}  // namespace airlock::base
