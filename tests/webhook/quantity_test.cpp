#include "webhook/quantity.hpp"

#include "tests/webhook/decimal_oracle.hpp"
#include "webhook/ratio.hpp"

#include <gtest/gtest.h>

#include <random>

namespace airlock::webhook {
namespace {

struct CanonicalRow {
    const char* text;
    const char* canonical;  // nullptr: refused
};

TEST(Quantity, IsParsedAndPrintedAsKubernetesDoes) {
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

TEST(Ratio, AcceptsDecimalFractionsFromOneToAHundred) {
    for (const auto* text : {"1", "1.5", "2", "1.33", "100", "1.000001"}) {
        ASSERT_TRUE(Ratio::parse(text)) << text;
        EXPECT_EQ(Ratio::parse(text)->text(), text);
    }
    EXPECT_EQ(Ratio::parse("2.0")->text(), "2");
    EXPECT_EQ(Ratio::parse("01.50")->text(), "1.5");
    for (const auto* text : {"", "0.9", "0", "-1", "+2", "100.1", "1.", ".5", "1e1", "1,5", "2x",
                             "1.0000001", "nan", "1 ", "99999999999"}) {
        EXPECT_FALSE(Ratio::parse(text)) << text;
    }
}

struct ProductRow {
    const char* resource;
    const char* base;
    const char* ratio;
    const char* product;  // nullptr: refused
};

TEST(Ratio, MultipliesExactlyAndRoundsDown) {
    const ProductRow rows[] = {
        {"cpu", "4", "1.5", "6"},
        {"cpu", "3920m", "1.5", "5880m"},
        {"cpu", "3920m", "1.33", "5213m"},
        {"cpu", "4000m", "2", "8"},
        {"cpu", "96000m", "1.15", "110400m"},  // doubles give 110399m
        {"cpu", "100u", "1.5", "100u"},        // below a milli: never less than the base
        {"memory", "12134168Ki", "1.5", "18201252Ki"},
        {"memory", "12134168Ki", "1.3", "15774418Ki"},
        {"memory", "8029220864", "1.5", "12043831296"},
        {"memory", "1Gi", "1.000001", "1048577Ki"},
        {"ephemeral-storage", "95551679124", "1.1", "105106847036"},
        {"pods", "110", "1.5", "165"},
        {"pods", "500", "2", "1k"},
        {"pods", "110", "1.001", "110"},
        {"example.com/gpu", "3", "1.5", "4"},
        {"cpu", "0", "2", "0"},
        {"cpu", "-1", "2", nullptr},
        {"pods", "1500m", "2", nullptr},
        {"memory", "9223372036854775807", "2", nullptr},
        {"memory", "4Ei", "2", nullptr},
        {"memory", "3Ei", "2", "6Ei"},
    };
    for (const auto& row : rows) {
        const auto product =
            apply_ratio(row.resource, *Quantity::parse(row.base), *Ratio::parse(row.ratio));
        if (row.product == nullptr) {
            EXPECT_FALSE(product) << row.base << " x " << row.ratio << " became "
                                  << product->text();
        } else {
            ASSERT_TRUE(product) << row.base << " x " << row.ratio;
            EXPECT_EQ(product->text(), row.product) << row.base << " x " << row.ratio;
        }
    }
}

TEST(Ratio, EqualsAnIndependentImplementationOnTenThousandVectors) {
    std::mt19937_64 random(20261121);
    const auto below = [&](std::uint64_t end) {
        return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random);
    };
    constexpr const char* kSuffixes[] = {"",   "",   "m",  "k",  "M",  "G",  "T",
                                         "Ki", "Ki", "Mi", "Gi", "Ti", "e3", "e2"};
    constexpr const char* kResources[] = {"cpu", "memory", "ephemeral-storage", "pods",
                                          "example.com/x"};
    int compared = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto text = std::to_string(below(std::uint64_t{1} << below(34)));
        if (below(4) == 0) text += '.' + std::to_string(below(1000));
        text += kSuffixes[below(std::size(kSuffixes))];
        auto ratio = std::to_string(1 + below(99));
        if (below(3) != 0) {
            const auto digits = 1 + below(6);
            ratio += '.';
            for (std::uint64_t d = 0; d < digits; ++d)
                ratio += static_cast<char>('0' + below(10));
        }
        const std::string resource = kResources[below(std::size(kResources))];
        const auto quantity = Quantity::parse(text);
        ASSERT_TRUE(quantity) << text;
        EXPECT_EQ(quantity->text(), oracle::canonical(text)) << text;
        const auto product = apply_ratio(resource, *quantity, *Ratio::parse(ratio));
        const auto expected = oracle::product(resource, text, ratio);
        ASSERT_EQ(product.has_value(), expected.has_value())
            << resource << ' ' << text << " x " << ratio;
        if (product) {
            EXPECT_EQ(product->text(), *expected) << resource << ' ' << text << " x " << ratio;
            ++compared;
        }
    }
    EXPECT_GT(compared, 5000);
}

}  // namespace
}  // namespace airlock::webhook
