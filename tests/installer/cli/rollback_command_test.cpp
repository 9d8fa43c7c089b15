// A state directory that several clusters share.
#include "installer/cli/rollback_command.hpp"

#include "installer/record/cluster_state.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/fake_api_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using test::expect_error;

class RollbackCommandTest : public ::testing::Test {
  protected:
    RollbackCommandTest() {
        set_uid("uid-of-b");
        server_.put("/version", R"({"gitVersion": "v1.30.0"})");
        server_.put("/api/v1/namespaces/kube-system/secrets", R"({"metadata": {}, "items": []})");
        folder_.write("kubeconfig", R"(apiVersion: v1
kind: Config
clusters: [{name: b, cluster: {server: ")" +
                                        server_.url() + R"("}}]
users: [{name: b, user: {token: t}}]
contexts: [{name: b, context: {cluster: b, user: b}}]
current-context: b
)");
    }

    void set_uid(const std::string& uid) {
        server_.put("/api/v1/namespaces/kube-system", R"({"metadata": {"uid": ")" + uid + R"("}})");
    }

    Arguments arguments() const {
        Arguments out;
        out.kubeconfig = folder_ / "kubeconfig";
        out.state_dir = folder_ / "state";
        out.yes = true;
        return out;
    }

    static std::string interrupted_in(const std::string& cluster) {
        Generation out;
        out.number = 1;
        out.id = "1";
        out.cluster = cluster;
        out.bundle = "kit";
        out.version = "1";
        out.index = "sha256:" + std::string(64, 'a');
        out.registry = "127.0.0.1:1";
        return out.to_json().dump();
    }

    test::TempFolder folder_;
    test::FakeApiServer server_;
};

TEST_F(RollbackCommandTest, LeavesTheRunThatWasInterruptedInAnotherCluster) {
    const auto text = interrupted_in("uid-of-a");
    folder_.write("state/uid-of-a/pending.json", text);
    testing::internal::CaptureStdout();
    const auto code = rollback_command(arguments(), {});
    EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::HasSubstr("nothing to roll back"));
    EXPECT_EQ(code, base::ExitCode::done);
    EXPECT_EQ(folder_.read("state/uid-of-a/pending.json"), text);
    EXPECT_EQ(server_.count("PATCH", ""), 0U);
    EXPECT_EQ(server_.count("DELETE", ""), 0U);
}

TEST_F(RollbackCommandTest, RefusesARecordThatWasMovedFromAnotherCluster) {
    const auto text = interrupted_in("uid-of-a");
    folder_.write("state/uid-of-b/pending.json", text);
    expect_error(
        [&] { rollback_command(arguments(), {}); }, Errc::conflict,
        "generation 1 was recorded in another cluster (kube-system has uid uid-of-a there, "
        "uid-of-b here)",
        "move ");
    EXPECT_EQ(folder_.read("state/uid-of-b/pending.json"), text);
    for (const auto* method : {"POST", "PATCH", "PUT", "DELETE"})
        EXPECT_EQ(server_.count(method, ""), 0U) << method;
}

TEST(CanGoOnWithoutRegistry, IfItMayAnswerLater) {
    using enum Errc;
    for (const auto code : {network, timeout, unavailable})
        EXPECT_TRUE(can_go_on_without_registry(base::Error(code, "x"))) << to_string(code);
    for (const auto code : {usage, denied, cancelled, invalid, remote, internal})
        EXPECT_FALSE(can_go_on_without_registry(base::Error(code, "x"))) << to_string(code);
}

TEST_F(RollbackCommandTest, TheUidOfAClusterCannotLeaveTheStateDirectory) {
    for (const auto* uid : {"", "..", "../x", "a/b"}) {
        set_uid(uid);
        expect_error([&] { rollback_command(arguments(), {}); }, Errc::remote,
                     "cannot identify the cluster", "kubectl get namespace kube-system");
    }
}

}  // namespace
}  // namespace airlock::installer
