#include "base/shortlist.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

TEST(Shortlist, NamesAtMostTwenty) {
    EXPECT_EQ(shortlist({}), "none");
    EXPECT_EQ(shortlist({"a", "b"}), "a, b");
    const auto twenty = shortlist(std::vector<std::string>(20, "x"));
    EXPECT_EQ(twenty.find("more"), std::string::npos);
    EXPECT_EQ(shortlist(std::vector<std::string>(23, "x")), twenty + " and 3 more");
}

}  // namespace
}  // namespace airlock::base
