#include "webhook/heartbeat.hpp"

#include "tests/webhook/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

constexpr std::string_view kState =
    R"({"v":2,"generation":"g","resources":{"cpu":{"raw":"2","applied":"4","capacity":"2","ratio":"2","source":"default"}}})";

test::NodeValues stored_node() {
    test::NodeValues node;
    node.allocatable["cpu"] = "4";
    (*node.annotations)["node-oversell/state"] = kState;
    return node;
}

// What the kubelet of an oversold node sends 10 s later.
test::NodeValues next_report() {
    auto node = stored_node();
    node.allocatable["cpu"] = "2";
    node.heartbeat = "2026-11-21T00:53:07Z";
    return node;
}

Outcome outcome_of(const test::NodeValues& now, const test::NodeValues& stored,
                   std::string_view yaml = "default: {ratios: {cpu: 2}}") {
    const auto policy = test::policy(yaml);
    const auto answered = test::answer(test::review_json(now, stored), &policy);
    if (answered.mutation.outcome == Outcome::suppressed) {
        // The API server compares the whole object: it must be the stored one.
        EXPECT_EQ(answered.object, test::node_json(stored));
    }
    return answered.mutation.outcome;
}

TEST(Heartbeat, IsRestoredWhenNothingElseHasChanged) {
    EXPECT_EQ(outcome_of(next_report(), stored_node()), Outcome::suppressed);
}

TEST(Heartbeat, PassesWhenTheStoredTimesAreFourMinutesOld) {
    auto now = next_report();
    now.heartbeat = "2026-11-21T00:56:56Z";
    EXPECT_EQ(outcome_of(now, stored_node()), Outcome::suppressed);
    now.heartbeat = "2026-11-21T00:56:57Z";
    EXPECT_EQ(outcome_of(now, stored_node()), Outcome::patched);
}

TEST(Heartbeat, PassesAfter24ReportsOfAKubeletThatReportsOften) {
    const auto policy = test::policy("default: {ratios: {cpu: 2}}");
    ReportIntervals intervals;
    ReviewParser parser;
    const auto outcome_at = [&](std::string_view heartbeat, bool dry_run = false) {
        auto now = next_report();
        now.heartbeat = heartbeat;
        auto review = test::review_json(now, stored_node());
        review["request"]["dryRun"] = dry_run;
        auto body = review.dump();
        body.reserve(body.size() + kBodyPadding);
        return mutate(parser, body, &policy, test::kNow, &intervals).outcome;
    };
    EXPECT_EQ(outcome_at("2026-11-21T00:52:58Z"), Outcome::suppressed);
    EXPECT_EQ(outcome_at("2026-11-21T00:52:59Z"), Outcome::suppressed);
    EXPECT_EQ(outcome_at("2026-11-21T00:53:20Z"), Outcome::suppressed) << "23 s old";
    EXPECT_EQ(outcome_at("2026-11-21T00:53:21Z"), Outcome::patched) << "24 s old";
    EXPECT_EQ(outcome_at("2026-11-21T00:53:21Z", true), Outcome::suppressed)
        << "a dry run records nothing and is not stored";
}

TEST(Heartbeat, PassesWhenTheClockOfTheNodeIsSetBack) {
    auto now = next_report();
    now.heartbeat = "2026-11-21T00:52:56Z";
    EXPECT_EQ(outcome_of(now, stored_node()), Outcome::patched);
}

TEST(Heartbeat, PassesWithAnyOtherChange) {
    struct Row {
        const char* name;
        void (*change)(test::NodeValues&);
    };
    const Row rows[] = {
        {"a condition", [](test::NodeValues& node) { node.ready = "False"; }},
        {"a label", [](test::NodeValues& node) { node.labels["zone"] = "a"; }},
        {"an annotation", [](test::NodeValues& node) { (*node.annotations)["x"] = "y"; }},
        {"capacity", [](test::NodeValues& node) { node.capacity["pods"] = "111"; }},
        {"allocatable", [](test::NodeValues& node) { node.allocatable["cpu"] = "1900m"; }},
        {"another resource", [](test::NodeValues& node) { node.allocatable["pods"] = "100"; }},
        {"a new resource",
         [](test::NodeValues& node) { node.allocatable["example.com/gpu"] = "1"; }},
    };
    for (const auto& row : rows) {
        auto now = next_report();
        row.change(now);
        EXPECT_EQ(outcome_of(now, stored_node()), Outcome::patched) << row.name;
    }
}

TEST(Heartbeat, PassesWithANewImageOrAnotherOrderOfConditions) {
    const auto policy = test::policy("default: {ratios: {cpu: 2}}");
    auto review = test::review_json(next_report(), stored_node());
    EXPECT_EQ(test::answer(review, &policy).mutation.outcome, Outcome::suppressed);
    auto more = review;
    more["request"]["object"]["status"]["images"] =
        base::Json::array({{{"names", {"a"}}, {"sizeBytes", 1}}});
    EXPECT_EQ(test::answer(more, &policy).mutation.outcome, Outcome::patched);
    auto swapped = review;
    auto& conditions = swapped["request"]["object"]["status"]["conditions"];
    std::swap(conditions[0], conditions[1]);
    EXPECT_EQ(test::answer(swapped, &policy).mutation.outcome, Outcome::patched);
    auto managed = review;
    managed["request"]["object"]["metadata"]["managedFields"] =
        base::Json::array({{{"time", "now"}}});
    EXPECT_EQ(test::answer(managed, &policy).mutation.outcome, Outcome::suppressed);
}

TEST(Heartbeat, PassesWhenSuppressionIsOffOrTheNodeIsNotOversold) {
    EXPECT_EQ(outcome_of(next_report(), stored_node(),
                         "suppressHeartbeats: false\ndefault: {ratios: {cpu: 2}}"),
              Outcome::patched);
    test::NodeValues plain;
    auto later = plain;
    later.heartbeat = "2026-11-21T00:53:07Z";
    EXPECT_EQ(outcome_of(later, plain, "mode: enforce"), Outcome::unchanged);
}

TEST(Heartbeat, AvoidsAtLeastNineOfTenWritesOfAnOversoldNode) {
    // Ten minutes of heartbeats: each answer is stored, as by the API server.
    const auto policy = test::policy("default: {ratios: {cpu: 2}}");
    auto stored = stored_node();
    int writes = 0;
    for (int second = 10; second <= 600; second += 10) {
        auto now = stored;
        now.allocatable["cpu"] = "2";
        now.heartbeat = fmt::format("2026-11-21T01:{:02}:{:02}Z", second / 60, second % 60);
        if (second == 10) stored.heartbeat = "2026-11-21T01:00:00Z";
        const auto answered = test::answer(test::review_json(now, stored), &policy);
        if (answered.object == test::node_json(stored)) continue;
        ++writes;
        stored.heartbeat = now.heartbeat;
    }
    EXPECT_EQ(writes, 2);  // at 4 and at 8 minutes
}

}  // namespace
}  // namespace airlock::webhook
