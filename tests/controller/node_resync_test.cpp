#include "controller/node_resync.hpp"

#include "tests/support/fake_api_server.hpp"

#include <gtest/gtest.h>

namespace airlock::controller {
namespace {

using base::Json;

constexpr auto kAnnotation = "oversell.example/state";
constexpr auto kRecord = R"({"v":2,"resources":{"cpu":{"raw":"2","applied":"4","capacity":"2"}}})";

Json node(const std::string& name, const std::string& record, const Json& allocatable) {
    return {{"metadata", {{"name", name}, {"annotations", {{kAnnotation, record}}}}},
            {"status", {{"allocatable", allocatable}}}};
}

class NodeResyncTest : public ::testing::Test {
  protected:
    void answer(const std::string& name, const Json& allocatable) {
        server_.put("/api/v1/nodes/" + name + "/status", node(name, kRecord, allocatable).dump());
    }
    std::size_t patches() const { return server_.count("PATCH", "/status"); }

    test::FakeApiServer server_;
    kubernetes::Client client_ = server_.client();
    NodeResync watch_{client_, {.annotation = kAnnotation, .qps = 10'000}};
};

TEST_F(NodeResyncTest, PatchesEachStaleNodeOnce) {
    for (const auto* name : {"a", "b"}) {
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "4"}});
    }
    watch_.observe(node("current", kRecord, {{"cpu", "4"}}));
    watch_.resync({});
    EXPECT_EQ(patches(), 2U);
    watch_.resync({});
    EXPECT_EQ(patches(), 2U);
}

TEST_F(NodeResyncTest, PatchesOneNodePerRoundWhileTheWebhookIsUnavailable) {
    for (const auto* name : {"a", "b", "c"}) {
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "2"}});
    }
    watch_.resync({});
    watch_.resync({});
    EXPECT_EQ(patches(), 2U);
    EXPECT_EQ(server_.count("PATCH", "/nodes/a/"), 1U);  // in turn
    EXPECT_EQ(server_.count("PATCH", "/nodes/b/"), 1U);
    for (const auto* name : {"a", "b", "c"})
        answer(name, {{"cpu", "4"}});
    watch_.resync({});
    EXPECT_EQ(patches(), 5U);
}

// For example because of another webhook that changes their values.
TEST_F(NodeResyncTest, IsNotHeldUpByNodesThatAPatchNeverHelps) {
    for (const auto* name : {"a", "b"}) {
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "2"}});
    }
    for (int round = 0; round < 10; ++round)
        watch_.resync({});
    for (const auto* name : {"x", "y", "z"}) {
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "4"}});
    }
    watch_.resync({});
    for (const auto* name : {"x", "y", "z"})
        EXPECT_EQ(server_.count("PATCH", std::string("/nodes/") + name + "/"), 1U) << name;
}

TEST_F(NodeResyncTest, ForgetsANodeThatIsCurrentOrDeleted) {
    watch_.observe(node("a", kRecord, {{"cpu", "2"}}));
    watch_.observe(node("a", kRecord, {{"cpu", "4"}}));
    watch_.observe(node("gone", kRecord, {{"cpu", "2"}}));
    watch_.resync({});
    EXPECT_EQ(server_.count("PATCH", "/nodes/a/"), 0U);
    EXPECT_EQ(server_.count("PATCH", "/nodes/gone/"), 1U);
    watch_.resync({});
    EXPECT_EQ(patches(), 1U);
}

TEST_F(NodeResyncTest, ListsAgainWhenTheResourceVersionIsTooOld) {
    const auto ignore = [](const Json&) {};
    server_.put("/api/v1/nodes", R"({"kind": "Status", "code": 410})", 410);
    EXPECT_FALSE(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore).has_value());
    server_.put("/api/v1/nodes", R"({"type": "ERROR", "object": {"code": 410}})"
                                 "\n");
    EXPECT_FALSE(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore).has_value());
    server_.put("/api/v1/nodes", "");
    EXPECT_EQ(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore), "7");
}

TEST_F(NodeResyncTest, LeavesDisabledNodesAlone) {
    auto disabled = node("a", kRecord, {{"cpu", "2"}});
    disabled["metadata"]["labels"]["node-oversell/disable"] = "true";
    watch_.observe(node("a", kRecord, {{"cpu", "2"}}));
    watch_.observe(disabled);
    watch_.resync({});
    EXPECT_EQ(patches(), 0U);
}

TEST_F(NodeResyncTest, OneNodeThatIsRefusedDelaysNoOther) {
    for (const int status : {403, 409, 422}) {
        server_.put("/api/v1/nodes/a/status", R"({"message": "no"})", status);
        watch_.observe(node("a", kRecord, {{"cpu", "2"}}));
        for (const auto* name : {"b", "c"}) {
            watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
            answer(name, {{"cpu", "4"}});
        }
        const auto before = patches();
        watch_.resync({});
        EXPECT_EQ(patches() - before, 3U) << status;
    }
    answer("a", {{"cpu", "4"}});
    const auto before = patches();
    watch_.resync({});
    watch_.resync({});
    EXPECT_EQ(patches() - before, 1U) << "retried until it is restored";
}

TEST_F(NodeResyncTest, EndsTheRoundWhenEveryPatchIsRefused) {
    for (int i = 0; i < 100; ++i) {
        const auto name = "n" + std::to_string(i);
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        server_.put("/api/v1/nodes/" + name + "/status", R"({"message": "no"})", 403);
    }
    watch_.resync({});
    EXPECT_EQ(patches(), 16U);
}

TEST_F(NodeResyncTest, PatchesAFleetOnceEachInParallel) {
    constexpr int kNodes = 5000;
    for (int i = 0; i < kNodes; ++i) {
        const auto name = "n" + std::to_string(i);
        watch_.observe(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "4"}});
    }
    watch_.resync({});
    EXPECT_EQ(patches(), static_cast<std::size_t>(kNodes));
    watch_.resync({});
    EXPECT_EQ(patches(), static_cast<std::size_t>(kNodes));
}

TEST(RateLimit, SpacesRequestsEvenly) {
    RateLimit limit(100);
    const RateLimit::Clock::time_point start(std::chrono::hours(1));
    EXPECT_EQ(limit.next(start), start);
    EXPECT_EQ(limit.next(start), start + std::chrono::milliseconds(10));
    EXPECT_EQ(limit.next(start), start + std::chrono::milliseconds(20));
    const auto later = start + std::chrono::seconds(9);
    EXPECT_EQ(limit.next(later), later) << "unused time is not saved up";
    EXPECT_EQ(limit.next(later), later + std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace airlock::controller
