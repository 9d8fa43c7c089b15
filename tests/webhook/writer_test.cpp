#include "webhook/writer.hpp"

#include "tests/webhook/support.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

constexpr auto kLater = "2026-11-21T00:53:07Z";

struct Row {
    const char* name;
    const char* user;
    const char* heartbeat;  // of the request; stored is that of NodeValues
    Writer writer;
};

TEST(Writer, IsTheKubeletByUserOrByHeartbeat) {
    const test::NodeValues stored;
    const Row rows[] = {
        {"the node's own kubelet", "system:node:n1", kLater, Writer::kubelet},
        {"its registration", "system:node:n1", stored.heartbeat.c_str(), Writer::kubelet},
        {"another node's kubelet", "system:node:n2", kLater, Writer::other},
        {"a kubelet with another identity", "kubelet-client", kLater, Writer::kubelet},
        {"a resync", "system:serviceaccount:x:y", stored.heartbeat.c_str(), Writer::other},
        {"an older heartbeat that is written back", "admin", "2026-11-21T00:52:47Z", Writer::other},
        {"a heartbeat time that cannot be read", "admin", "soon", Writer::other},
        {"no user", "", stored.heartbeat.c_str(), Writer::other},
    };
    for (const auto& row : rows) {
        auto now = stored;
        now.heartbeat = row.heartbeat;
        auto json = test::review_json(now, stored);
        json["request"]["userInfo"]["username"] = row.user;
        auto body = json.dump();
        ReviewParser parser;
        EXPECT_EQ(writer_of(parser.parse(body)), row.writer) << row.name;
    }
}

TEST(Writer, TakesTheReadyConditionAloneForAHeartbeat) {
    auto json = test::review_json({}, {});
    json["request"]["object"]["status"]["conditions"][0]["lastHeartbeatTime"] = kLater;
    auto body = json.dump();
    ReviewParser parser;
    EXPECT_FALSE(is_heartbeat(parser.parse(body)));
    json["request"]["object"]["status"]["conditions"][3]["lastHeartbeatTime"] = kLater;
    body = json.dump();
    EXPECT_TRUE(is_heartbeat(parser.parse(body)));
}

}  // namespace
}  // namespace airlock::webhook
