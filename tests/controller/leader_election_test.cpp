#include "controller/leader_election.hpp"

#include <gtest/gtest.h>

namespace airlock::controller {
namespace {

using base::Json;
using std::chrono::seconds;

Json lease(const std::string& holder, const std::string& renewed = "2026-11-24T10:00:00.000000Z") {
    return {{"spec", {{"holderIdentity", holder}, {"renewTime", renewed}}}};
}

TEST(LeaseObserver, FollowsTheTable) {
    const LeaseObserver::Clock::time_point start(std::chrono::hours(1));
    LeaseObserver observer("us", seconds(15));
    EXPECT_EQ(observer.decide(std::nullopt, start), LeaseAction::create);
    EXPECT_EQ(observer.decide(lease("us"), start), LeaseAction::renew);
    EXPECT_EQ(observer.decide(lease(""), start), LeaseAction::take);
    EXPECT_EQ(observer.decide(Json::object(), start), LeaseAction::take);
    // However old the other clock says it is, it counts from when it was seen to change.
    EXPECT_EQ(observer.decide(lease("other"), start), LeaseAction::wait);
    EXPECT_EQ(observer.decide(lease("other"), start + seconds(14)), LeaseAction::wait);
    EXPECT_EQ(observer.decide(lease("other", "later"), start + seconds(15)), LeaseAction::wait);
    EXPECT_EQ(observer.decide(lease("other", "later"), start + seconds(29)), LeaseAction::wait);
    EXPECT_EQ(observer.decide(lease("other", "later"), start + seconds(30)), LeaseAction::take);
}

TEST(Identity, IsUnique) {
    EXPECT_NE(new_identity(), new_identity());
}

}  // namespace
}  // namespace airlock::controller
