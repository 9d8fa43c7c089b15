// LeaderElection on a real API server.
#include "base/retry.hpp"
#include "controller/leader_election.hpp"
#include "tests/support/integration.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace airlock::controller {
namespace {

using std::chrono::seconds;

LeaseOptions options(const std::string& name, const std::string& identity) {
    return {.lease = {.namespace_name = "default", .name = name},
            .identity = identity,
            .duration = seconds(3),
            .renew_within = seconds(2),
            .retry = seconds(1)};
}

// A replica in a thread of its own; `leads` while it does.
class Replica {
  public:
    Replica(const std::string& lease, const std::string& identity)
        : client_(test::api_server().admin(), stop_.get_token()), thread_([this, lease, identity] {
              LeaderElection(client_, options(lease, identity))
                  .run(stop_.get_token(), [this](const std::stop_token& stop) {
                      leads = true;
                      while (base::sleep_for(std::chrono::milliseconds(50), stop)) {
                      }
                      leads = false;
                  });
          }) {}
    ~Replica() { stop_.request_stop(); }

    std::atomic<bool> leads = false;

  private:
    std::stop_source stop_;
    kubernetes::Client client_;
    std::jthread thread_;
};

bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 300; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
}

TEST(LeaderElectionOnRealServer, OneReplicaLeadsAndTheOtherFollowsIt) {
    auto first = std::make_unique<Replica>("election", "first");
    ASSERT_TRUE(wait_for([&] { return first->leads.load(); }));
    Replica second("election", "second");
    for (int i = 0; i < 40; ++i) {  // longer than the Lease lasts without renewal
        EXPECT_TRUE(first->leads && !second.leads);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    first.reset();
    EXPECT_TRUE(wait_for([&] { return second.leads.load(); }));
}

TEST(LeaderElectionOnRealServer, TakesTheLeaseOfAReplicaThatDied) {
    kubernetes::Client admin(test::api_server().admin(), {});
    const kubernetes::ObjectKey key{.api_version = "coordination.k8s.io/v1",
                                    .kind = "Lease",
                                    .namespace_name = "default",
                                    .name = "election-died"};
    admin.create(key, {{"apiVersion", key.api_version},
                       {"kind", key.kind},
                       {"metadata", {{"name", key.name}}},
                       {"spec", {{"holderIdentity", "dead"}, {"leaseTransitions", 4}}}});
    Replica replica(key.name, "alive");
    EXPECT_TRUE(wait_for([&] { return replica.leads.load(); }));
    const auto lease = admin.get(key);
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->at("spec").at("holderIdentity"), "alive");
    EXPECT_EQ(lease->at("spec").at("leaseTransitions"), 5);
}

TEST(LeaderElectionOnRealServer, StopsActingWhenAnotherTakesTheLease) {
    Replica replica("election-taken", "slow");
    ASSERT_TRUE(wait_for([&] { return replica.leads.load(); }));
    kubernetes::Client admin(test::api_server().admin(), {});
    const kubernetes::ObjectKey key{.api_version = "coordination.k8s.io/v1",
                                    .kind = "Lease",
                                    .namespace_name = "default",
                                    .name = "election-taken"};
    admin.merge_patch(key, {{"spec", {{"holderIdentity", "fast"}}}});
    EXPECT_TRUE(wait_for([&] { return !replica.leads.load(); }));
}

}  // namespace
}  // namespace airlock::controller
