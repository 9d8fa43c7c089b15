#include "kubernetes/time.hpp"

#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

TEST(Time, ParsesItsOneFormat) {
    EXPECT_EQ(parse_time("1970-01-01T00:00:00Z")->time_since_epoch().count(), 0);
    EXPECT_EQ(parse_time("2026-11-21T00:52:59Z")->time_since_epoch().count(), 1795222379);
    EXPECT_EQ(parse_time("2024-02-29T23:59:59Z")->time_since_epoch().count(), 1709251199);
    for (const auto* text :
         {"", "2026-11-21", "2026-11-21T00:52:59", "2026-11-21T00:52:59+00:00",
          "2026-13-21T00:52:59Z", "2026-02-29T00:52:59Z", "2026-11-21T24:00:00Z",
          "2026-11-21T00:60:00Z", "2026-11-21t00:52:59Z", "2026-11-21T00:52:5xZ"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

TEST(Time, WritesWhatItParses) {
    for (const auto* text :
         {"1970-01-01T00:00:00Z", "2026-11-21T00:52:59Z", "2024-02-29T23:59:59Z"})
        EXPECT_EQ(time_text(*parse_time(text)), text);
}

TEST(Time, WritesMicroseconds) {
    const auto time = *parse_time("2026-11-21T00:52:59Z") + std::chrono::microseconds(42);
    EXPECT_EQ(micro_time_text(time), "2026-11-21T00:52:59.000042Z");
}

}  // namespace
}  // namespace airlock::kubernetes
