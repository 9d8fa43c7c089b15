#include "webhook/connection_slots.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::webhook {
namespace {

const std::string kOne = "192.0.2.1";
const std::string kTwo = "2001:db8::2";

TEST(ConnectionSlots, LimitUnprovenConnectionsOfOneAddressAndOfAll) {
    ConnectionSlots slots({.total = 5, .unproven = 3, .unproven_per_address = 2});
    auto a = slots.take(kOne);
    auto b = slots.take(kOne);
    EXPECT_TRUE(a && b);
    EXPECT_FALSE(slots.take(kOne));
    EXPECT_TRUE(slots.is_full(kOne));
    auto c = slots.take(kTwo);
    EXPECT_TRUE(c);
    EXPECT_FALSE(slots.take(kTwo)) << "three are unproven";
    EXPECT_FALSE(slots.is_full(kTwo));
    a.prove();
    a.prove();
    EXPECT_FALSE(slots.is_full(kOne));
    auto d = slots.take(kOne);
    EXPECT_TRUE(d);
    c.prove();
    auto e = slots.take(kTwo);
    EXPECT_TRUE(e);
    e.prove();
    EXPECT_FALSE(slots.take(kTwo)) << "five in total";
    b.release();
    EXPECT_TRUE(slots.take(kTwo));
}

TEST(ConnectionSlots, AreGivenBackOnce) {
    ConnectionSlots slots({.total = 1, .unproven = 1, .unproven_per_address = 1});
    {
        auto slot = slots.take(kOne);
        auto moved = std::move(slot);
        EXPECT_TRUE(moved);
        moved.release();
        moved.release();
        EXPECT_TRUE(slots.take(kOne));
    }
    EXPECT_TRUE(slots.take(kOne));
}

}  // namespace
}  // namespace airlock::webhook
