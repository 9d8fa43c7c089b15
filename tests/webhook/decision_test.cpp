#include "webhook/decision.hpp"

#include "webhook/resource.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace airlock::webhook {
namespace {

using Action = NodePlan::Action;

const std::chrono::sys_seconds kNow{std::chrono::seconds(1'795'222'379)};

ResourceState cpu_record(const char* raw, const char* ratio) {
    return {.name = "cpu",
            .raw = *Quantity::parse(raw),
            .applied = *apply_ratio("cpu", *Quantity::parse(raw), *Ratio::parse(ratio)),
            .capacity = Quantity::parse("8"),
            .ratio = *Ratio::parse(ratio),
            .source = "pool old",
            .stepped = std::nullopt};
}

NodePlan plan_of(const char* resource, const char* ratio, Action action = Action::oversell) {
    NodePlan plan;
    plan.action = action;
    plan.ratios.push_back({.resource = resource,
                           .ratio = ratio == nullptr ? std::nullopt : Ratio::parse(ratio),
                           .source = "default"});
    return plan;
}

using Values = std::vector<TextPair>;

Decision decide_on(const NodePlan& plan, Writer writer, const Values& now, const Values& stored,
                   const Values& capacity, const NodeState* state,
                   std::string_view generation = "g") {
    return decide(plan,
                  {.writer = writer,
                   .allocatable = now,
                   .stored = stored,
                   .capacity = capacity,
                   .state = state},
                  generation, kNow);
}

struct Row {
    const char* name;
    NodePlan plan;
    std::optional<ResourceState> record;
    const char* now;
    const char* stored;
    const char* after;
    const char* recorded;  // "RATIO of RAW"; nullptr: no record remains
    SkipReason skip = SkipReason::none;
    Writer writer = Writer::kubelet;
};

TEST(Decision, FollowsTheTable) {
    const auto restore = plan_of("cpu", "2", Action::restore);
    const auto record = cpu_record("2", "2");
    const auto other = Writer::other;
    auto typo = plan_of("cpu", nullptr);
    typo.ratios.front().skip = SkipReason::ratio_annotation;
    NodePlan unnamed;
    auto bad_floor = plan_of("cpu", "1");
    bad_floor.requested = parse_requested_annotation("cpu=many");
    const Row rows[] = {
        {"1: restored", restore, record, "4", "4", "2", nullptr, {}, other},
        {"1: restored by the kubelet", restore, record, "2", "4", "2", nullptr},
        {"1: without a record nothing changes", restore, {}, "4", "4", "4", nullptr},
        {"1: a foreign write to a node that has its real values stays",
         restore,
         record,
         "1",
         "2",
         "1",
         nullptr,
         {},
         other},
        {"2: unknown", restore, {}, "9", "9", "9", nullptr},
        {"3: above capacity, without a record",
         plan_of("cpu", "2"),
         {},
         "9",
         "9",
         "9",
         nullptr,
         SkipReason::implausible},
        {"4: a ratio of 1", plan_of("cpu", "1"), record, "4", "4", "2", nullptr},
        {"4: a ratio of 1 without a record",
         plan_of("cpu", "1"),
         {},
         "3",
         "2",
         "3",
         nullptr,
         {},
         other},
        {"4: outside the canary", plan_of("cpu", "2", Action::hold), {}, "2", "2", "2", nullptr},
        {"5: the first value", plan_of("cpu", "2"), {}, "2", "2", "4", "2 of 2"},
        {"5: another ratio", plan_of("cpu", "3"), record, "4", "4", "6", "3 of 2"},
        {"5: another real value", plan_of("cpu", "2"), record, "3", "4", "6", "2 of 3"},
        {"5: above the maximum", plan_of("cpu", "20"), record, "2", "4", "8", "4 of 2"},
        {"5: a foreign write is put back",
         plan_of("cpu", "2"),
         record,
         "1",
         "4",
         "4",
         "2 of 2",
         {},
         other},
        {"5: above capacity, with a record", plan_of("cpu", "2"), record, "9", "4", "4", "2 of 2",
         SkipReason::implausible},
        {"hold: a typo in the ratio annotation", typo, record, "2", "4", "4", "2 of 2",
         SkipReason::ratio_annotation},
        {"hold: a typo on a node without a record",
         typo,
         {},
         "2",
         "2",
         "2",
         nullptr,
         SkipReason::ratio_annotation},
        {"hold: observe mode", plan_of("cpu", "3", Action::observe), record, "2", "4", "4",
         "2 of 2"},
        {"hold: outside the canary", plan_of("cpu", "3", Action::hold), record, "2", "4", "4",
         "2 of 2"},
        {"hold: the policy does not name the resource", unnamed, record, "2", "4", "4", "2 of 2"},
        {"hold: the limit is lower now", plan_of("cpu", nullptr), cpu_record("1", "6"), "1", "6",
         "4", "4 of 1"},
        {"hold: a typo in the requested annotation", bad_floor, record, "2", "4", "4", "2 of 2",
         SkipReason::requested_annotation},
        {"unreadable", plan_of("cpu", "2"), record, "2x", "4", "0", "2 of 2",
         SkipReason::unreadable_quantity},
        {"negative", plan_of("cpu", "2"), record, "-1", "4", "-1", "2 of 2",
         SkipReason::unreadable_quantity},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        NodeState state;
        if (row.record) state.resources.push_back(*row.record);
        const Values allocatable{{"cpu", row.now}};
        const Values stored{{"cpu", row.stored}};
        const Values capacity{{"cpu", "8"}};
        const auto decision =
            decide_on(row.plan, row.writer, allocatable, stored, capacity, &state);
        ASSERT_EQ(decision.resources.size(), 1U);
        const auto& cpu = decision.resources.front();
        EXPECT_EQ(cpu.after.text(), row.after);
        EXPECT_EQ(to_string(cpu.skip), to_string(row.skip));
        const auto* kept = decision.state.find("cpu");
        EXPECT_EQ(kept == nullptr ? "none" : kept->ratio.text() + " of " + kept->raw.text(),
                  row.recorded == nullptr ? "none" : row.recorded);
        if (kept != nullptr && row.skip != SkipReason::unreadable_quantity) {
            EXPECT_EQ(kept->applied, cpu.after);
        }
    }
}

// The coincidences that the old rules, which compared values alone, took for their own work.
TEST(Decision, IsNotDeceivedByCoincidences) {
    struct Report {
        const char* capacity;
        const char* real;
        const char* expected;
    };
    struct Case {
        const char* name;
        std::vector<Report> reports;
    };
    const Case cases[] = {
        {"resized from 2 to 4 cores", {{"2", "2", "4"}, {"4", "4", "8"}}},
        {"reservations change 2, 6, 4 of 8", {{"8", "2", "4"}, {"8", "6", "12"}, {"8", "4", "8"}}},
        {"resized from 2 to 8 to 4", {{"2", "2", "4"}, {"8", "8", "16"}, {"4", "4", "8"}}},
    };
    const auto plan = plan_of("cpu", "2");
    for (const auto& [name, reports] : cases) {
        NodeState state;
        std::string stored = reports.front().real;
        for (const auto& report : reports) {
            // A kubelet sends what differs from the node that it read; the result of the merge is
            // its value in any case.
            const Values now{{"cpu", report.real}};
            const Values before{{"cpu", stored}};
            const Values capacity{{"cpu", report.capacity}};
            const auto decision = decide_on(plan, Writer::kubelet, now, before, capacity, &state);
            stored = decision.resources.front().after.text();
            state = decision.state;
            EXPECT_EQ(stored, report.expected) << name;
        }
    }
}

TEST(Decision, SkipsOneResourceAndDecidesTheOthers) {
    NodePlan plan;
    MaxRatios max{.set = {{"example.com/gpu", *Ratio::parse("2")}}};
    plan.max = &max;
    plan.ratios = {
        {.resource = "cpu", .ratio = Ratio::parse("2"), .source = "default"},
        {.resource = "example.com/gpu", .ratio = Ratio::parse("2"), .source = "default"}};
    const Values allocatable{{"cpu", "2"}, {"example.com/gpu", "1500m"}};
    const NodeState state;
    const auto decision =
        decide_on(plan, Writer::kubelet, allocatable, allocatable, allocatable, &state);
    ASSERT_EQ(decision.resources.size(), 2U);
    EXPECT_EQ(decision.resources[0].after.text(), "4");
    EXPECT_EQ(decision.resources[1].skip, SkipReason::unreadable_quantity);
    EXPECT_FALSE(decision.resources[1].changes());
}

TEST(Decision, KeepsTheRecordedRatioWhenTheProductIsOutOfRange) {
    constexpr auto kHalf = "5000000000000000000";
    auto plan = plan_of("memory", "2");
    NodeState state;
    state.resources.push_back({.name = "memory",
                               .raw = *Quantity::parse(kHalf),
                               .applied = *Quantity::parse("6000000000000000000"),
                               .capacity = Quantity::parse(kHalf),
                               .ratio = *Ratio::parse("1.2"),
                               .source = "default",
                               .stepped = std::nullopt});
    const Values now{{"memory", kHalf}};
    const Values stored{{"memory", "6000000000000000000"}};
    const auto decision = decide_on(plan, Writer::kubelet, now, stored, now, &state);
    EXPECT_EQ(decision.resources.front().after.text(), "6E");
    EXPECT_EQ(decision.resources.front().skip, SkipReason::unreadable_quantity);
    EXPECT_EQ(decision.state.find("memory")->ratio.text(), "1.2");
}

TEST(Decision, WithAMalformedRecordWaitsForAFullReport) {
    const auto plan = plan_of("cpu", "2");
    const Values applied{{"cpu", "4"}, {"memory", "8"}};
    const Values real{{"cpu", "2"}, {"memory", "8"}};
    const Values capacity{{"cpu", "8"}, {"memory", "8"}};
    auto decision = decide_on(plan, Writer::other, applied, applied, capacity, nullptr);
    EXPECT_FALSE(decision.resources.front().changes()) << "4 is not multiplied again";
    EXPECT_EQ(decision.resources.front().skip, SkipReason::state_annotation);
    EXPECT_TRUE(decision.keeps_record);
    // What the kubelet computes anew replaces the record.
    decision = decide_on(plan, Writer::kubelet, real, applied, capacity, nullptr);
    EXPECT_EQ(decision.resources.front().after.text(), "4");
    EXPECT_FALSE(decision.keeps_record);
    EXPECT_EQ(decision.state.find("cpu")->raw.text(), "2");
}

TEST(Decision, AddsNoResourceThatTheNodeDoesNotHave) {
    const Values allocatable{{"cpu", "2"}};
    const NodeState state;
    const auto decision = decide_on(plan_of("example.com/gpu", "2"), Writer::kubelet, allocatable,
                                    allocatable, allocatable, &state);
    EXPECT_TRUE(decision.resources.empty());
    EXPECT_FALSE(decision.oversold());
}

TEST(Decision, KeepsTheGenerationWhileNothingElseChanges) {
    auto plan = plan_of("cpu", "2");
    const Values real{{"cpu", "2"}};
    const Values raised{{"cpu", "4"}};
    const NodeState empty;
    const auto decide_from = [&](const Values& stored, const NodeState& state,
                                 std::string_view generation) {
        return decide_on(plan, Writer::kubelet, real, stored, real, &state, generation).state;
    };
    const auto first = decide_from(real, empty, "one");
    EXPECT_EQ(first.generation, "one");
    const auto second = decide_from(raised, first, "two");
    EXPECT_EQ(second.text(), first.text());
    plan.ratios.front().ratio = Ratio::parse("3");
    EXPECT_EQ(decide_from(raised, second, "two").generation, "two");
}

TEST(Decision, KnowsWhatKubernetesAcceptsAsAllocatable) {
    EXPECT_TRUE(is_valid_allocatable("cpu", *Quantity::parse("1500m")));
    EXPECT_TRUE(is_valid_allocatable("memory", *Quantity::parse("1500m")));
    EXPECT_FALSE(is_valid_allocatable("pods", *Quantity::parse("1500m")));
    EXPECT_FALSE(is_valid_allocatable("example.com/gpu", *Quantity::parse("500m")));
    EXPECT_TRUE(is_valid_allocatable("example.com/gpu", *Quantity::parse("2")));
    EXPECT_FALSE(is_valid_allocatable("cpu", *Quantity::parse("-1")));
}

}  // namespace
}  // namespace airlock::webhook
