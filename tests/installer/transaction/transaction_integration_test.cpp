// Who may continue a transaction, on a real API server. The end-to-end tests cover what it does.
#include "base/file.hpp"
#include "installer/record/cluster_lock.hpp"
#include "installer/record/cluster_state.hpp"
#include "installer/record/generation_store.hpp"
#include "installer/transaction/transaction.hpp"
#include "tests/support/expect_error.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Errc;
using base::ExitCode;
using test::expect_error;

class TransactionOnRealServer : public ::testing::Test {
  protected:
    ~TransactionOnRealServer() override {
        remove_generation(client_, 1);
        client_.remove({.api_version = "coordination.k8s.io/v1",
                        .kind = "Lease",
                        .namespace_name = "kube-system",
                        .name = "airlock-installer"},
                       {});
    }

    static Generation generation(const std::string& id) {
        Generation out;
        out.number = 1;
        out.id = id;
        out.bundle = "kit";
        out.version = "1";
        out.index = "sha256:" + std::string(64, 'a');
        out.registry = "registry:5000";
        return out;
    }
    void interrupt(const Generation& generation) const {
        folder_.write("state/pending.json", generation.to_json().dump());
    }
    Transaction transaction() {
        return {client_,
                registry_,
                {.state_dir = folder_ / "state", .cluster = cluster_uid(client_)},
                {}};
    }
    bool is_locked() { return read_lock_holder(client_).has_value(); }

    test::TempFolder folder_;
    kubernetes::Client client_{test::api_server().admin(), {}};
    images::RegistryClient registry_{"127.0.0.1:1", {}, {}};
};

TEST_F(TransactionOnRealServer, HoldsTheClusterLockWhileItExists) {
    {
        auto ours = transaction();
        EXPECT_FALSE(is_locked());
        ours.enter();
        EXPECT_TRUE(is_locked());
    }
    EXPECT_FALSE(is_locked());
}

TEST_F(TransactionOnRealServer, KeepsTheLockWhileARunIsUnfinished) {
    interrupt(generation("ours"));
    transaction().enter();
    EXPECT_TRUE(is_locked());
    // The undo releases it.
    EXPECT_EQ(transaction().roll_back({}, {}), ExitCode::done);
    EXPECT_FALSE(is_locked());
}

TEST_F(TransactionOnRealServer, ReleasesTheLockWhenItMayNotEnter) {
    interrupt(generation("ours"));
    save_generation(client_, generation("theirs"));
    auto ours = transaction();
    expect_error([&] { ours.enter(); }, Errc::conflict, "another host has installed a",
                 "pending.json");
    EXPECT_FALSE(is_locked());
}

TEST_F(TransactionOnRealServer, DoesNotUndoGenerationsThatWereNotConfirmed) {
    save_generation(client_, generation("theirs"));
    expect_error([&] { transaction().roll_back({}, {generation("another")}); }, Errc::conflict,
                 "since this run began", "history");
    EXPECT_EQ(load_generations(client_).size(), 1U);
    EXPECT_FALSE(is_locked());
    EXPECT_EQ(transaction().roll_back({}, {generation("theirs")}), ExitCode::done);
    EXPECT_TRUE(load_generations(client_).empty());
}

TEST_F(TransactionOnRealServer, DoesNotUndoGenerationsOfAnotherCluster) {
    auto copied = generation("theirs");
    copied.cluster = "uid-of-another";
    save_generation(client_, copied);
    expect_error([&] { transaction().roll_back({}, {copied}); }, Errc::conflict,
                 "generation 1 was recorded in another cluster",
                 "delete secret -l airlock.dev/generation=1");
    EXPECT_EQ(load_generations(client_).size(), 1U);
    EXPECT_FALSE(is_locked());
}

TEST_F(TransactionOnRealServer, ReleasesTheLockOfAKilledRun) {
    const auto state_dir = folder_ / "state";
    release_lock(client_, state_dir);
    transaction();
    ClusterLock(client_, state_dir).acquire();
    release_lock(client_, state_dir);
    EXPECT_FALSE(is_locked());
    // But not that of an interrupted run, or of another state directory.
    ClusterLock(client_, state_dir).acquire();
    interrupt(generation("ours"));
    release_lock(client_, state_dir);
    EXPECT_TRUE(is_locked());
    folder_.write("other/lock", "");
    release_lock(client_, folder_ / "other");
    EXPECT_TRUE(is_locked());
}

}  // namespace
}  // namespace airlock::installer
