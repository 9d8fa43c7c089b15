// Reading, resyncing and restoring nodes, on a real API server: allocatable is in a subresource.
#include "installer/nodes/node_snapshot.hpp"
#include "installer/nodes/resync.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace airlock::installer {
namespace {

using base::Json;

constexpr auto kAnnotation = "oversell.example/state";

class Nodes : public ::testing::Test {
  protected:
    ~Nodes() override {
        for (const auto* name : {"node-a", "node-b"})
            client_.remove(key(name), {});
    }

    static kubernetes::ObjectKey key(const std::string& name) {
        return {.api_version = "v1", .kind = "Node", .namespace_name = {}, .name = name};
    }
    void make(const std::string& name, const Json& allocatable, bool oversold = false) {
        Json metadata{{"name", name}};
        if (oversold) metadata["annotations"] = {{kAnnotation, "R"}, {"theirs", "stays"}};
        client_.create(key(name), {{"metadata", metadata}});
        client_.merge_patch(key(name), {{"status", {{"allocatable", allocatable}}}}, "status");
    }
    Json live(const std::string& name) { return client_.get(key(name)).value(); }

    kubernetes::Client client_{test::api_server().admin(), {}};
};

TEST_F(Nodes, AreReadWithTheirAllocatable) {
    make("node-a", {{"cpu", "2"}, {"memory", "4Ki"}});
    make("node-b", Json::object());
    const auto nodes = read_nodes(client_);
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].name, "node-a");
    EXPECT_EQ(nodes[0].allocatable, Json({{"cpu", "2"}, {"memory", "4Ki"}}));
    EXPECT_EQ(nodes[1].allocatable, Json::object());
}

TEST_F(Nodes, AResyncTriggersAdmissionAndChangesNothing) {
    make("node-a", {{"cpu", "2"}}, true);
    make("node-b", {{"cpu", "2"}});
    const auto before = live("node-a");
    resync_nodes(client_, "", {});
    EXPECT_EQ(live("node-a"), before);
    // No webhook annotates node-b here, so the resync retries until it is stopped.
    std::stop_source stop;
    std::jthread soon([&] { stop.request_stop(); });
    resync_nodes(client_, kAnnotation, stop.get_token());
    EXPECT_EQ(live("node-a"), before);
}

TEST_F(Nodes, RestoringRemovesTheAnnotationAndRestoresTheRawValues) {
    make("node-a", {{"cpu", "4"}, {"memory", "6Ki"}, {"pods", "110"}}, true);
    restore_node(client_, {.name = "node-a", .allocatable = {{"cpu", "2"}, {"memory", "4Ki"}}},
                 kAnnotation);
    const auto after = live("node-a");
    EXPECT_EQ(after.at("status").at("allocatable"),
              Json({{"cpu", "2"}, {"memory", "4Ki"}, {"pods", "110"}}));
    EXPECT_EQ(after.at("metadata").at("annotations"), Json({{"theirs", "stays"}}));
    restore_node(client_, {.name = "node-a", .allocatable = {{"cpu", "2"}}}, kAnnotation);
    EXPECT_EQ(live("node-a"), after);
}

TEST_F(Nodes, RestoringIgnoresUntouchedAndDeletedNodes) {
    make("node-a", {{"cpu", "4"}});
    const auto before = live("node-a");
    restore_node(client_, {.name = "node-a", .allocatable = {{"cpu", "2"}}}, kAnnotation);
    EXPECT_EQ(live("node-a"), before);
    restore_node(client_, {.name = "absent", .allocatable = {{"cpu", "2"}}}, kAnnotation);
}

TEST_F(Nodes, AreWatchedFromTheResourceVersionOfAList) {
    make("node-a", {{"cpu", "2"}});
    std::vector<std::string> listed;
    const auto version = client_.for_each("v1", "Node", {}, {}, [&](const Json& node) {
        listed.push_back(node.at("metadata").at("name"));
    });
    EXPECT_EQ(listed, std::vector<std::string>{"node-a"});
    make("node-b", {{"cpu", "4"}});
    std::vector<std::string> seen;
    const auto see = [&](const Json& node) { seen.push_back(node.at("metadata").at("name")); };
    const auto next = client_.watch("v1", "Node", version, std::chrono::seconds(1), see);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(seen,
              (std::vector<std::string>{"node-b", "node-b"}));  // created, then its status set
    seen.clear();
    ASSERT_TRUE(client_.watch("v1", "Node", *next, std::chrono::seconds(1), see).has_value());
    EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace airlock::installer
