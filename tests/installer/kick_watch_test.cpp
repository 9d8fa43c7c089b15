#include "installer/kick_watch.hpp"

#include "installer/nodes.hpp"
#include "tests/installer/fake_api_server.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

constexpr auto kAnnotation = "oversell.example/state";
constexpr auto kRecord = R"({"v":1,"resources":{"cpu":{"raw":"2","applied":["4","3"]}}})";

Json node(const std::string& name, const std::string& record, const Json& allocatable) {
    return {{"metadata", {{"name", name}, {"annotations", {{kAnnotation, record}}}}},
            {"status", {{"allocatable", allocatable}}}};
}

TEST(IsStale, comparesWhatStandsWithTheNewestValueOfTheRecord) {
    struct Row {
        const char* name;
        std::string record;
        Json allocatable;
        bool stale;
    };
    const Row rows[] = {
        {"as applied", kRecord, {{"cpu", "4"}}, false},
        {"as applied, said otherwise", kRecord, {{"cpu", "4000m"}}, false},
        {"the real value", kRecord, {{"cpu", "2"}}, true},
        {"an older applied value", kRecord, {{"cpu", "3"}}, true},
        {"a resource that is gone", kRecord, {{"memory", "1Gi"}}, false},
        {"one of two",
         R"({"resources":{"cpu":{"applied":["4"]},"memory":{"applied":["2Gi"]}}})",
         {{"cpu", "4"}, {"memory", "1Gi"}},
         true},
        {"an emptied record", "", {{"cpu", "2"}}, false},
        {"no JSON", "{", {{"cpu", "2"}}, false},
        {"another JSON", "[1]", {{"cpu", "2"}}, false},
        {"no resources", R"({"resources":7})", {{"cpu", "2"}}, false},
        {"nothing applied", R"({"resources":{"cpu":{"applied":[]}}})", {{"cpu", "2"}}, false},
        {"no quantity", R"({"resources":{"cpu":{"applied":["x"]}}})", {{"cpu", "2"}}, false},
        {"no text", R"({"resources":{"cpu":{"applied":[4]}}})", {{"cpu", "2"}}, false},
        {"an allocatable that is none", kRecord, {{"cpu", 2}}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(is_stale(node("n", row.record, row.allocatable), kAnnotation), row.stale);
    }
    EXPECT_FALSE(is_stale(Json::object(), kAnnotation));
}

class KickWatchRounds : public ::testing::Test {
  protected:
    void answer(const std::string& name, const Json& allocatable) {
        server_.put("/api/v1/nodes/" + name + "/status", node(name, kRecord, allocatable).dump());
    }
    std::size_t patches() const { return server_.count("PATCH", "/status"); }

    FakeApiServer server_;
    KubeClient client_ = server_.client();
    KickWatch watch_{client_, kAnnotation};
};

TEST_F(KickWatchRounds, kickEachStaleNodeOnce) {
    for (const auto* name : {"a", "b"}) {
        watch_.see(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "4"}});
    }
    watch_.see(node("well", kRecord, {{"cpu", "4"}}));
    watch_.kick();
    EXPECT_EQ(patches(), 2U);
    watch_.kick();
    EXPECT_EQ(patches(), 2U);
}

TEST_F(KickWatchRounds, tryOneNodeForAllWhileTheWebhookIsAway) {
    for (const auto* name : {"a", "b", "c"}) {
        watch_.see(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "2"}});
    }
    watch_.kick();
    watch_.kick();
    EXPECT_EQ(patches(), 2U);
    EXPECT_EQ(server_.count("PATCH", "/nodes/a/"), 1U);  // each in its turn
    EXPECT_EQ(server_.count("PATCH", "/nodes/b/"), 1U);
    for (const auto* name : {"a", "b", "c"})
        answer(name, {{"cpu", "4"}});
    watch_.kick();
    EXPECT_EQ(patches(), 5U);
}

// A label keeps the webhook from them, whatever their record says.
TEST_F(KickWatchRounds, doNotLetNodesThatNoKickHelpsHoldUpTheOthers) {
    for (const auto* name : {"a", "b"}) {
        watch_.see(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "2"}});
    }
    for (int round = 0; round < 10; ++round)
        watch_.kick();
    for (const auto* name : {"x", "y", "z"}) {
        watch_.see(node(name, kRecord, {{"cpu", "2"}}));
        answer(name, {{"cpu", "4"}});
    }
    watch_.kick();
    for (const auto* name : {"x", "y", "z"})
        EXPECT_EQ(server_.count("PATCH", std::string("/nodes/") + name + "/"), 1U) << name;
}

TEST_F(KickWatchRounds, forgetANodeThatIsWellAgainOrHasLeft) {
    watch_.see(node("a", kRecord, {{"cpu", "2"}}));
    watch_.see(node("a", kRecord, {{"cpu", "4"}}));
    watch_.see(node("gone", kRecord, {{"cpu", "2"}}));
    watch_.kick();
    EXPECT_EQ(server_.count("PATCH", "/nodes/a/"), 0U);
    EXPECT_EQ(server_.count("PATCH", "/nodes/gone/"), 1U);
    watch_.kick();
    EXPECT_EQ(patches(), 1U);
}

TEST_F(KickWatchRounds, beginAgainWhenTheServerRemembersNoLonger) {
    const auto ignore = [](const Json&) {};
    server_.put("/api/v1/nodes", R"({"kind": "Status", "code": 410})", 410);
    EXPECT_FALSE(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore).has_value());
    server_.put("/api/v1/nodes", R"({"type": "ERROR", "object": {"code": 410}})"
                                 "\n");
    EXPECT_FALSE(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore).has_value());
    server_.put("/api/v1/nodes", "");
    EXPECT_EQ(client_.watch("v1", "Node", "7", std::chrono::seconds(1), ignore), "7");
}

TEST_F(KickWatchRounds, keepANodeThatCannotBePatchedNow) {
    watch_.see(node("a", kRecord, {{"cpu", "2"}}));
    server_.put("/api/v1/nodes/a/status", R"({"message": "no"})", 403);
    EXPECT_THROW(watch_.kick(), base::Error);
    answer("a", {{"cpu", "4"}});
    watch_.kick();
    EXPECT_EQ(patches(), 2U);
}

}  // namespace
}  // namespace airlock::installer
