#include "webhook/node_state.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

ResourceState cpu(const char* raw, std::initializer_list<const char*> applied) {
    ResourceState state{.name = "cpu",
                        .raw = *Quantity::parse(raw),
                        .applied = {},
                        .ratio = *Ratio::parse("2"),
                        .source = "pool \"a\\b\""};
    for (const auto* text : applied)
        state.applied.push_back(*Quantity::parse(text));
    return state;
}

TEST(NodeState, IsReadBackUnchanged) {
    const NodeState state{.generation = "3f2a91c0",
                          .resources = {cpu("3920m", {"7840m", "5880m"})}};
    const auto again = NodeState::parse(state.text());
    ASSERT_TRUE(again) << state.text();
    EXPECT_EQ(again->resources, state.resources);
    EXPECT_EQ(again->generation, state.generation);
    EXPECT_EQ(again->text(), state.text());
}

TEST(NodeState, IsEmptyWithoutResources) {
    EXPECT_EQ(NodeState{}.text(), "");
    ASSERT_TRUE(NodeState::parse(""));
    EXPECT_TRUE(NodeState::parse("")->resources.empty());
}

TEST(NodeState, RejectsWhatItCannotHaveWritten) {
    const auto good = NodeState{.generation = "g", .resources = {cpu("2", {"4"})}}.text();
    ASSERT_TRUE(NodeState::parse(good));
    const char* const rows[] = {
        "x",
        "{}",
        "null",
        "[]",
        "\"\"",
        R"({"v":2,"generation":"g","resources":{"cpu":{}}})",
        R"({"v":1,"generation":"g","resources":{}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":2,"applied":["4"],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"-2","applied":["4"],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":[],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["1","2","3","4","5"],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":[4],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"0.5","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"},"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}}})",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}}} x)",
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}})",
        R"({"v":"1","generation":"g","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}}})",
        R"({"v":1,"resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}}})",
    };
    for (const auto* text : rows)
        EXPECT_FALSE(NodeState::parse(text)) << text;
    EXPECT_FALSE(NodeState::parse(std::string(20'000, '[')));
    EXPECT_FALSE(NodeState::parse(good + std::string(20'000, ' ')));
}

TEST(NodeState, IgnoresWhatLaterVersionsAdd) {
    const auto state = NodeState::parse(
        R"({"new":[{}],"resources":{"cpu":{"why":{"a":1},"raw":"2","applied":["4"],"ratio":"2","source":"d"},)"
        R"("a.b/c":{"raw":"2","applied":["4"],"ratio":"2","source":"d"}},"generation":"g","v":1})");
    ASSERT_TRUE(state);
    ASSERT_EQ(state->resources.size(), 2U);
    EXPECT_EQ(state->resources.front().name, "a.b/c") << "sorted by name, as written";
}

TEST(ResourceState, RemembersTheLastFourAppliedValues) {
    auto state = cpu("1", {"2"});
    for (const auto* text : {"3", "4", "4", "5", "6", "3"})
        state.remember(*Quantity::parse(text));
    ASSERT_EQ(state.applied.size(), ResourceState::kMaxApplied);
    EXPECT_EQ(state.applied.front(), *Quantity::parse("3"));
    EXPECT_TRUE(state.was_applied(*Quantity::parse("4000m")));
    EXPECT_FALSE(state.was_applied(*Quantity::parse("2")));
}

}  // namespace
}  // namespace airlock::webhook
