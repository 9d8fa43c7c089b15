// Who may install in a cluster, decided by a real API server between two state folders.
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
    std::filesystem::path folder(const char* name) const {
        const auto path = folder_ / name;
        std::filesystem::create_directories(path);
        return path;
    }

    test::TempFolder folder_;
    kubernetes::Client client_{test::api_server().admin(), {}};
    kubernetes::Client other_client_{test::api_server().admin(), {}};
};

TEST_F(ClusterLockOnRealServer, IsHeldByOneStateFolderAtATime) {
    ClusterLock mine(client_, folder("mine"));
    ClusterLock theirs(other_client_, folder("theirs"));
    EXPECT_FALSE(read_lock_holder(client_).has_value());
    mine.acquire();
    const auto holder = read_lock_holder(other_client_).value();
    EXPECT_TRUE(is_held_by(holder, folder("mine")));
    EXPECT_FALSE(is_held_by(holder, folder("theirs")));
    EXPECT_FALSE(is_held_by(holder, folder_ / "absent"));
    expect_error([&] { theirs.acquire(); }, Errc::conflict, folder("mine").string(),
                 "delete lease airlock-installer");
    theirs.release();
    EXPECT_TRUE(read_lock_holder(client_).has_value());
    mine.release();
    EXPECT_FALSE(read_lock_holder(client_).has_value());
    theirs.acquire();
    EXPECT_TRUE(is_held_by(read_lock_holder(client_).value(), folder("theirs")));
}

TEST_F(ClusterLockOnRealServer, IsTakenAgainByTheFolderOfARunThatWasCutOff) {
    EXPECT_TRUE(ClusterLock(client_, folder("mine")).acquire());
    ClusterLock again(other_client_, folder("mine"));
    EXPECT_FALSE(again.acquire());
    EXPECT_FALSE(again.acquire());
    again.release();
    EXPECT_FALSE(read_lock_holder(client_).has_value());
}

TEST_F(ClusterLockOnRealServer, LeavesTheLockOfWhoHasItSince) {
    ClusterLock mine(client_, folder("mine"));
    mine.acquire();
    // An operator took it away, and another host came.
    client_.remove(lease(), {});
    ClusterLock theirs(other_client_, folder("theirs"));
    theirs.acquire();
    EXPECT_TRUE(mine.is_lost());
    EXPECT_FALSE(theirs.is_lost());
    mine.release();
    EXPECT_TRUE(is_held_by(read_lock_holder(client_).value(), folder("theirs")));
}

TEST_F(ClusterLockOnRealServer, IsNotTakenByACopyOfTheFolder) {
    ClusterLock mine(client_, folder("mine"));
    mine.acquire();
    std::filesystem::copy(folder("mine"), folder("copy"), std::filesystem::copy_options::recursive);
    ClusterLock copied(other_client_, folder("copy"));
    expect_error([&] { copied.acquire(); }, Errc::conflict, folder("mine").string());
    // As it comes from another host.
    folder_.write("foreign/identity", "another-host_0123456789abcdef");
    ClusterLock foreign(other_client_, folder("foreign"));
    EXPECT_THAT(folder_.read("foreign/identity"), testing::Not(testing::HasSubstr("another-host")));
    expect_error([&] { foreign.acquire(); }, Errc::conflict, folder("mine").string());
}

TEST_F(ClusterLockOnRealServer, SaysThatTheFolderWasReplaced) {
    ClusterLock(client_, folder("mine")).acquire();
    std::filesystem::remove_all(folder("mine"));
    ClusterLock again(other_client_, folder("mine"));
    expect_error([&] { again.acquire(); }, Errc::conflict, folder("mine").string(),
                 "its state folder is gone");
}

TEST_F(ClusterLockOnRealServer, IsGivenBackAfterARequestToStop) {
    ClusterLock mine(client_, folder("mine"));
    mine.acquire();
    std::stop_source stop;
    stop.request_stop();
    client_.set_stop(stop.get_token());
    mine.release();
    EXPECT_FALSE(read_lock_holder(other_client_).has_value());
    client_.set_stop({});
}

TEST_F(ClusterLockOnRealServer, WithoutTheRightNothingIsTaken) {
    kubernetes::Client nobody{test::api_server().nobody(), {}};
    ClusterLock lock(nobody, folder("nobody"));
    expect_error([&] { lock.acquire(); }, Errc::denied, "Lease kube-system/airlock-installer");
    lock.release();
}

}  // namespace
}  // namespace airlock::installer
