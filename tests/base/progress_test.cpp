#include "base/progress.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace airlock::base {
namespace {

TEST(HumanSize, TakesTheUnitThatReadsBest) {
    EXPECT_EQ(human_size(0), "0 B");
    EXPECT_EQ(human_size(1023), "1023 B");
    EXPECT_EQ(human_size(1024), "1.0 KiB");
    EXPECT_EQ(human_size(1536), "1.5 KiB");
    EXPECT_EQ(human_size(std::uint64_t{700} << 20U), "700.0 MiB");
    EXPECT_EQ(human_size(std::uint64_t{3} << 30U), "3.0 GiB");
    EXPECT_EQ(human_size(std::numeric_limits<std::uint64_t>::max()), "16777216.0 TiB");
}

TEST(Counted, SaysOneAndMany) {
    EXPECT_EQ(counted(0, "image"), "0 images");
    EXPECT_EQ(counted(1, "image"), "1 image");
    EXPECT_EQ(counted(3, "image"), "3 images");
}

TEST(Progress, WritesNothingForAStageThatIsOverAtOnce) {
    testing::internal::CaptureStderr();
    {
        Progress progress("pushing", 10, 1, "blobs");
        progress.add(10);
        progress.item_done();
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace airlock::base
