#include "webhook/ratio.hpp"

#include "tests/webhook/decimal_oracle.hpp"

#include <gtest/gtest.h>

#include <random>

namespace airlock::webhook {
namespace {

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
    const char* product;  // nullptr: rejected
};

TEST(Ratio, MultipliesExactlyAndRoundsDown) {
    const ProductRow rows[] = {
        {"cpu", "4", "1.5", "6"},
        {"cpu", "3920m", "1.5", "5880m"},
        {"cpu", "3920m", "1.33", "5213m"},
        {"cpu", "4000m", "2", "8"},
        {"cpu", "96000m", "1.15", "110400m"},  // doubles give 110399m
        {"cpu", "100u", "1.5", "100u"},        // less than a milli: never below the base
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

TEST(Ratio, EqualsAnIndependentImplementationOnTenThousandInputs) {
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
