#include "webhook/text_pair.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::webhook {
namespace {

TEST(TextPair, FindsTheLastOfTwoEqualKeys) {
    const std::vector<TextPair> labels{{"a", "1"}, {"b", "3"}, {"a", "2"}};
    ASSERT_NE(find_value(labels, "a"), nullptr);
    EXPECT_EQ(*find_value(labels, "a"), "2");
    EXPECT_EQ(find_value(labels, "c"), nullptr);
}

}  // namespace
}  // namespace airlock::webhook
