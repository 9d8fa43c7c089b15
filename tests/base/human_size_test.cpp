#include "base/human_size.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace airlock::base {
namespace {

TEST(HumanSize, UsesTheLargestUnit) {
    EXPECT_EQ(human_size(0), "0 B");
    EXPECT_EQ(human_size(1023), "1023 B");
    EXPECT_EQ(human_size(1024), "1.0 KiB");
    EXPECT_EQ(human_size(1536), "1.5 KiB");
    EXPECT_EQ(human_size(std::uint64_t{700} << 20U), "700.0 MiB");
    EXPECT_EQ(human_size(std::uint64_t{3} << 30U), "3.0 GiB");
    EXPECT_EQ(human_size(std::numeric_limits<std::uint64_t>::max()), "16777216.0 TiB");
}

}  // namespace
}  // namespace airlock::base
