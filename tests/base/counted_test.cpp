#include "base/counted.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

TEST(Counted, UsesSingularAndPlural) {
    EXPECT_EQ(counted(0, "image"), "0 images");
    EXPECT_EQ(counted(1, "image"), "1 image");
    EXPECT_EQ(counted(3, "image"), "3 images");
}

}  // namespace
}  // namespace airlock::base
