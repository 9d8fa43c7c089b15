// Two state directories that compete for the cluster lock, on a real API server.
#include "installer/record/cluster_lock.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using test::expect_error;

class ClusterLockOnRealServer : public ::testing::Test {
  protected:
    ~ClusterLockOnRealServer() override { client_.remove(lease(), {}); }

    static kubernetes::ObjectKey lease() {
        return {.api_version = "coordination.k8s.io/v1",
                .kind = "Lease",
                .namespace_name = "kube-system",
                .name = "airlock-installer"};
    }
    std::filesystem::path directory(const char* name) const {
        const auto path = folder_ / name;
        std::filesystem::create_directories(path);
        return path;
    }

    test::TempFolder folder_;
    kubernetes::Client client_{test::api_server().admin(), {}};
    kubernetes::Client other_client_{test::api_server().admin(), {}};
};

TEST_F(ClusterLockOnRealServer, IsHeldByOneStateDirectoryAtATime) {
    ClusterLock mine(client_, directory("mine"));
    ClusterLock theirs(other_client_, directory("theirs"));
    EXPECT_FALSE(read_lock_holder(client_).has_value());
    mine.acquire();
    const auto holder = read_lock_holder(other_client_).value();
    EXPECT_TRUE(is_held_by(holder, directory("mine")));
    EXPECT_FALSE(is_held_by(holder, directory("theirs")));
    EXPECT_FALSE(is_held_by(holder, folder_ / "absent"));
    expect_error([&] { theirs.acquire(); }, Errc::conflict, directory("mine").string(),
                 "delete lease airlock-installer");
    theirs.release();
    EXPECT_TRUE(read_lock_holder(client_).has_value());
    mine.release();
    EXPECT_FALSE(read_lock_holder(client_).has_value());
    theirs.acquire();
    EXPECT_TRUE(is_held_by(read_lock_holder(client_).value(), directory("theirs")));
}

TEST_F(ClusterLockOnRealServer, IsAcquiredAgainByTheStateDirectoryOfAnInterruptedRun) {
    EXPECT_TRUE(ClusterLock(client_, directory("mine")).acquire());
    ClusterLock again(other_client_, directory("mine"));
    EXPECT_FALSE(again.acquire());
    EXPECT_FALSE(again.acquire());
    again.release();
    EXPECT_FALSE(read_lock_holder(client_).has_value());
}

TEST_F(ClusterLockOnRealServer, DoesNotReleaseTheLockOfANewHolder) {
    ClusterLock mine(client_, directory("mine"));
    mine.acquire();
    // An operator deleted the Lease, and another host acquired it.
    client_.remove(lease(), {});
    ClusterLock theirs(other_client_, directory("theirs"));
    theirs.acquire();
    EXPECT_TRUE(mine.is_lost());
    EXPECT_FALSE(theirs.is_lost());
    mine.release();
    EXPECT_TRUE(is_held_by(read_lock_holder(client_).value(), directory("theirs")));
}

TEST_F(ClusterLockOnRealServer, IsNotAcquiredByACopyOfTheStateDirectory) {
    ClusterLock mine(client_, directory("mine"));
    mine.acquire();
    std::filesystem::copy(directory("mine"), directory("copy"),
                          std::filesystem::copy_options::recursive);
    ClusterLock copied(other_client_, directory("copy"));
    expect_error([&] { copied.acquire(); }, Errc::conflict, directory("mine").string());
    // As if copied from another host.
    folder_.write("foreign/identity", "another-host_0123456789abcdef");
    ClusterLock foreign(other_client_, directory("foreign"));
    EXPECT_THAT(folder_.read("foreign/identity"), testing::Not(testing::HasSubstr("another-host")));
    expect_error([&] { foreign.acquire(); }, Errc::conflict, directory("mine").string());
}

TEST_F(ClusterLockOnRealServer, ReportsThatTheStateDirectoryWasDeleted) {
    ClusterLock(client_, directory("mine")).acquire();
    std::filesystem::remove_all(directory("mine"));
    ClusterLock again(other_client_, directory("mine"));
    expect_error([&] { again.acquire(); }, Errc::conflict, directory("mine").string(),
                 "its state directory was deleted");
}

TEST_F(ClusterLockOnRealServer, IsReleasedAfterARequestToStop) {
    ClusterLock mine(client_, directory("mine"));
    mine.acquire();
    std::stop_source stop;
    stop.request_stop();
    client_.set_stop(stop.get_token());
    mine.release();
    EXPECT_FALSE(read_lock_holder(other_client_).has_value());
    client_.set_stop({});
}

TEST_F(ClusterLockOnRealServer, RequiresPermission) {
    kubernetes::Client nobody{test::api_server().nobody(), {}};
    ClusterLock lock(nobody, directory("nobody"));
    expect_error([&] { lock.acquire(); }, Errc::denied, "Lease kube-system/airlock-installer");
    lock.release();
}

}  // namespace
}  // namespace airlock::installer
