#include "webhook/decision.hpp"

#include "webhook/resource.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace airlock::webhook {
namespace {

struct Row {
    const char* name;
    const char* now;
    const char* capacity;  // nullptr: absent
    const char* raw;       // nullptr: no record
    std::vector<const char*> applied;
    const char* ratio;  // nullptr: not to be oversold
    Rule rule;
    const char* after;
    const char* raw_after;  // nullptr: no record remains
};

TEST(Decision, FollowsTheTable) {
    const Row rows[] = {
        {"first report", "2", "2", nullptr, {}, "2", Rule::reported, "4", "2"},
        {"the applied value is sent back",
         "4",
         "2",
         "2",
         {"4"},
         "2",
         Rule::already_applied,
         "4",
         "2"},
        {"the applied value is sent back, other ratio",
         "4",
         "2",
         "2",
         {"4"},
         "3",
         Rule::already_applied,
         "6",
         "2"},
        {"an older applied value", "3", "2", "2", {"4", "3"}, "2", Rule::already_applied, "4", "2"},
        {"the kubelet reports", "2", "2", "2", {"4"}, "2", Rule::reported, "4", "2"},
        {"the kubelet reports another value",
         "1900m",
         "2",
         "2",
         {"4"},
         "2",
         Rule::reported,
         "3800m",
         "1900m"},
        {"above capacity, real value known",
         "5",
         "2",
         "2",
         {"4"},
         "2",
         Rule::above_capacity,
         "4",
         "2"},
        {"above capacity, real value unknown",
         "5",
         "2",
         nullptr,
         {},
         "2",
         Rule::implausible,
         "5",
         nullptr},
        {"no capacity, real value unknown",
         "2",
         nullptr,
         nullptr,
         {},
         "2",
         Rule::implausible,
         "2",
         nullptr},
        {"no capacity, applied value",
         "4",
         nullptr,
         "2",
         {"4"},
         "2",
         Rule::already_applied,
         "4",
         "2"},
        {"capacity shrank below the record",
         "4",
         "1",
         "2",
         {"4"},
         "2",
         Rule::implausible,
         "4",
         "2"},
        {"at capacity", "2000m", "2", nullptr, {}, "1.5", Rule::reported, "3", "2"},
        {"disabled, applied value", "4", "2", "2", {"4"}, nullptr, Rule::restore, "2", nullptr},
        {"disabled, an older applied value",
         "3",
         "2",
         "2",
         {"4", "3"},
         nullptr,
         Rule::restore,
         "2",
         nullptr},
        {"disabled, real value", "2", "2", "2", {"4"}, nullptr, Rule::keep, "2", nullptr},
        {"unreadable", "2x", "2", nullptr, {}, "2", Rule::unreadable, "0", nullptr},
        {"unreadable keeps the record", "2x", "2", "2", {"4"}, "2", Rule::unreadable, "0", "2"},
        {"negative", "-1", "2", nullptr, {}, "2", Rule::unreadable, "-1", nullptr},
    };
    for (const auto& row : rows) {
        NodePlan plan;
        if (row.ratio != nullptr)
            plan.ratios.push_back({"cpu", *Ratio::parse(row.ratio), "default"});
        NodeState state;
        if (row.raw != nullptr) {
            ResourceState record{.name = "cpu",
                                 .raw = *Quantity::parse(row.raw),
                                 .applied = {},
                                 .ratio = {},
                                 .source = "default"};
            for (const auto* text : row.applied)
                record.applied.push_back(*Quantity::parse(text));
            state.resources.push_back(record);
        }
        const std::vector<TextPair> allocatable{{"cpu", row.now}};
        std::vector<TextPair> capacity;
        if (row.capacity != nullptr) capacity.emplace_back("cpu", row.capacity);
        const auto decision = decide(plan, allocatable, capacity, state, "g");
        ASSERT_EQ(decision.resources.size(), 1U) << row.name;
        const auto& cpu = decision.resources.front();
        EXPECT_EQ(to_string(cpu.rule), to_string(row.rule)) << row.name;
        EXPECT_EQ(cpu.after.text(), row.after) << row.name;
        const auto* record = decision.state.find("cpu");
        ASSERT_EQ(record != nullptr, row.raw_after != nullptr) << row.name;
        if (record != nullptr) {
            EXPECT_EQ(record->raw.text(), row.raw_after) << row.name;
        }
    }
}

TEST(Decision, AddsNoResourceThatTheNodeDoesNotHave) {
    NodePlan plan;
    plan.ratios.push_back({"example.com/gpu", *Ratio::parse("2"), "default"});
    const std::vector<TextPair> allocatable{{"cpu", "2"}};
    const auto decision = decide(plan, allocatable, allocatable, {}, "g");
    EXPECT_TRUE(decision.resources.empty());
    EXPECT_FALSE(decision.oversold());
}

TEST(Decision, KeepsTheGenerationWhileNothingElseChanges) {
    NodePlan plan;
    plan.ratios.push_back({"cpu", *Ratio::parse("2"), "default"});
    const std::vector<TextPair> real{{"cpu", "2"}};
    const auto first = decide(plan, real, real, {}, "one");
    EXPECT_EQ(first.state.generation, "one");
    const auto second = decide(plan, real, real, first.state, "two");
    EXPECT_EQ(second.state.text(), first.state.text());
    plan.ratios.front().ratio = *Ratio::parse("3");
    EXPECT_EQ(decide(plan, real, real, second.state, "two").state.generation, "two");
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
