#include "base/progress.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

TEST(Progress, PrintsNothingForAShortStage) {
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
