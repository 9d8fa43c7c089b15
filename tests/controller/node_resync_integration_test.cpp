// NodeResync on a real API server.
#include "controller/node_resync.hpp"
#include "kubernetes/state_annotation.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace airlock::controller {
namespace {

TEST(NodeResyncOnRealServer, StopsOnRequest) {
    kubernetes::Client setup(test::api_server().admin(), {});
    const auto key = kubernetes::node_key("node-resync-stop");
    setup.create(key, {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", key.name}}}});
    const auto before = setup.get(key);
    std::stop_source stop;
    kubernetes::Client client(test::api_server().admin(), stop.get_token());
    std::jthread soon([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        stop.request_stop();
    });
    NodeResync(client, {.annotation = "oversell.example/state"}).run(stop.get_token());
    EXPECT_EQ(setup.get(key), before);
    setup.remove(key, {});
}

}  // namespace
}  // namespace airlock::controller
