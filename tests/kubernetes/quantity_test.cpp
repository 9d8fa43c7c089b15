#include "kubernetes/quantity.hpp"

#include <gtest/gtest.h>

namespace airlock::kubernetes {
namespace {

struct CanonicalRow {
    const char* text;
    const char* canonical;  // nullptr: rejected
};

TEST(Quantity, IsParsedAndPrintedLikeKubernetes) {
    const CanonicalRow rows[] = {
        {"0", "0"},
        {"0Ki", "0"},
        {"0m", "0"},
        {"-0", "0"},
        {"4", "4"},
        {"4000m", "4"},
        {"3920m", "3920m"},
        {"0.5", "500m"},
        {".5", "500m"},
        {"1.", "1"},
        {"+1", "1"},
        {"-1.5", "-1500m"},
        {"007", "7"},
        {"16000", "16k"},
        {"1000", "1k"},
        {"1100", "1100"},
        {"100e3", "100e3"},
        {"1e4", "10e3"},
        {"1E", "1E"},
        {"1E3", "1e3"},
        {"1e-1", "100e-3"},
        {"1e-9", "1e-9"},
        {"12e0", "12"},
        {"1000n", "1u"},
        {"1u", "1u"},
        {"0.1n", "1n"},
        {"-0.1n", "-1n"},
        {"1.0000000001", "1000000001n"},
        {"12134168Ki", "12134168Ki"},
        {"1024Ki", "1Mi"},
        {"1048576Ki", "1Gi"},
        {"1Ei", "1Ei"},
        {"8Ei", "9223372036854775807"},
        {"16Ei", "9223372036854775807"},
        {"99999999999999999999Ei", "9223372036854775807"},
        {"0.5Ki", "512"},
        {"1.5Ki", "1536"},
        {"1.25Mi", "1280Ki"},
        {"0.0001Ki", "102400u"},
        {"0.1Ki", "102400m"},
        {"1000000Ki", "1000000Ki"},
        {"1536", "1536"},
        {"1k", "1k"},
        {"999E", "999E"},
        {"1000E", "1000E"},
        {"9223372036854775807", "9223372036854775807"},
        {"1e20", "100e18"},
        {"", nullptr},
        {"+", nullptr},
        {"-", nullptr},
        {".", nullptr},
        {"Ki", nullptr},
        {"m", nullptr},
        {"1ki", nullptr},
        {"1K", nullptr},
        {"1i", nullptr},
        {"1 ", nullptr},
        {" 1", nullptr},
        {"1e", nullptr},
        {"1e+", nullptr},
        {"1e1.5", nullptr},
        {"1.1.1", nullptr},
        {"--1", nullptr},
        {"1Kib", nullptr},
        {"1e9999", nullptr},
        {"1e50", nullptr},
        {"nan", nullptr},
        {"0x10", nullptr},
        {"1,5", nullptr},
        {"1111111111111111111111111111111111111111111111111111111111111111111", nullptr},
    };
    for (const auto& row : rows) {
        const auto quantity = Quantity::parse(row.text);
        if (row.canonical == nullptr) {
            EXPECT_FALSE(quantity) << row.text << " became " << quantity->text();
            continue;
        }
        ASSERT_TRUE(quantity) << row.text;
        EXPECT_EQ(quantity->text(), row.canonical) << row.text;
        const auto again = Quantity::parse(quantity->text());
        ASSERT_TRUE(again) << row.text;
        EXPECT_EQ(*again, *quantity) << row.text;
        EXPECT_EQ(again->text(), quantity->text()) << row.text;
    }
}

TEST(Quantity, ComparesByValue) {
    EXPECT_EQ(*Quantity::parse("1"), *Quantity::parse("1000m"));
    EXPECT_EQ(*Quantity::parse("1Ki"), *Quantity::parse("1024"));
    EXPECT_LT(*Quantity::parse("999m"), *Quantity::parse("1"));
    EXPECT_GT(*Quantity::parse("1"), *Quantity::parse("-1"));
}

}  // namespace
}  // namespace airlock::kubernetes
