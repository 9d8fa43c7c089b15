#include "webhook/node_state.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

ResourceState cpu(const char* raw, const char* applied) {
    return {.name = "cpu",
            .raw = *Quantity::parse(raw),
            .applied = *Quantity::parse(applied),
            .capacity = Quantity::parse("8"),
            .ratio = *Ratio::parse("2"),
            .source = "pool \"a\\b\"",
            .stepped = std::nullopt};
}

TEST(NodeState, IsReadBackUnchanged) {
    NodeState state{.generation = "3f2a91c0", .resources = {cpu("3920m", "7840m")}};
    for (int i = 0; i < 2; ++i) {
        const auto again = NodeState::parse(state.text());
        ASSERT_TRUE(again) << state.text();
        EXPECT_EQ(again->resources, state.resources);
        EXPECT_EQ(again->generation, state.generation);
        EXPECT_EQ(again->text(), state.text());
        state.resources.front().capacity.reset();
        state.resources.front().stepped =
            std::chrono::sys_seconds(std::chrono::seconds(1'795'222'379));
    }
}

TEST(NodeState, ReadsVersion1) {
    const auto state = NodeState::parse(
        R"({"v":1,"generation":"g","resources":{"cpu":{"raw":"2","applied":["4","3"],"ratio":"2","source":"d"}}})");
    ASSERT_TRUE(state);
    EXPECT_EQ(state->resources.front().applied.text(), "4");
    EXPECT_FALSE(state->resources.front().capacity);
}

TEST(NodeState, IsEmptyWithoutResources) {
    EXPECT_EQ(NodeState{}.text(), "");
    ASSERT_TRUE(NodeState::parse(""));
    EXPECT_TRUE(NodeState::parse("")->resources.empty());
}

TEST(NodeState, RejectsWhatItCannotHaveWritten) {
    const auto good = NodeState{.generation = "g", .resources = {cpu("2", "4")}}.text();
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
        R"({"v":2,"generation":"g","resources":{"cpu":{"raw":"2","applied":"4","capacity":"x","ratio":"2","source":"d"}}})",
        R"({"v":2,"generation":"g","resources":{"cpu":{"raw":"2","applied":"4","ratio":"2","source":"d","stepped":"today"}}})",
        R"({"v":3,"generation":"g","resources":{"cpu":{"raw":"2","applied":"4","ratio":"2","source":"d"}}})",
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

}  // namespace
}  // namespace airlock::webhook
