#include "webhook/metrics.hpp"

#include "tests/webhook/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace airlock::webhook {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Mutation raised(std::string node) {
    test::NodeValues values;
    values.name = std::move(node);
    const auto policy = test::policy("default: {ratios: {cpu: 2}}");
    return test::answer(test::review_json(values, values), &policy).mutation;
}

TEST(Metrics, CountRequestsAndReportTheValuesOfEachNode) {
    Metrics metrics;
    metrics.record(raised("n1"), std::chrono::microseconds(40), {});
    metrics.record(raised("n1"), std::chrono::milliseconds(2), {});
    const auto text = metrics.text({});
    EXPECT_THAT(text, HasSubstr("node_oversell_requests_total{result=\"patched\"} 2\n"));
    EXPECT_THAT(text,
                HasSubstr("node_oversell_request_duration_seconds_bucket{le=\"0.0001\"} 1\n"));
    EXPECT_THAT(text,
                HasSubstr("node_oversell_request_duration_seconds_bucket{le=\"0.0025\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_request_duration_seconds_count 2\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_request_duration_seconds_sum 0.002040000\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_raw{node=\"n1\",resource=\"cpu\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_applied{node=\"n1\",resource=\"cpu\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_ratio{node=\"n1\",resource=\"cpu\"} 2\n"));
}

TEST(Metrics, DropNodesThatNoLongerReport) {
    Metrics metrics;
    const Metrics::Clock::time_point begin{};
    metrics.record(raised("n1"), {}, begin);
    EXPECT_THAT(metrics.text(begin + kNodeLifetime), HasSubstr("n1"));
    EXPECT_THAT(metrics.text(begin + kNodeLifetime + std::chrono::seconds(1)),
                Not(HasSubstr("n1")));
}

TEST(Metrics, IgnoreTheValuesOfDryRuns) {
    Metrics metrics;
    auto mutation = raised("n1");
    mutation.dry_run = true;
    metrics.record(mutation, {}, {});
    EXPECT_THAT(metrics.text({}), Not(HasSubstr("n1")));
}

TEST(Metrics, EscapeTheNamesOfNodes) {
    Metrics metrics;
    metrics.record(raised("a\"b\\c\nd"), {}, {});
    metrics.record_refused(413);
    metrics.record_policy(true, "12345678");
    const auto text = metrics.text({});
    EXPECT_THAT(text, HasSubstr(R"(node="a\"b\\c\nd")"));
    EXPECT_THAT(text, HasSubstr("node_oversell_refused_requests_total{code=\"413\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("node_oversell_policy_info{generation=\"12345678\"} 1\n"));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.starts_with("# HELP node_oversell_") ||
                    line.starts_with("# TYPE node_oversell_") ||
                    (line.starts_with("node_oversell_") && line.find(' ') != line.npos))
            << line;
    }
}

}  // namespace
}  // namespace airlock::webhook
