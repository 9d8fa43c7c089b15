#include "webhook/ratio_in_force.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const std::chrono::sys_seconds kNow{seconds(1'795'222'379)};

std::optional<Ratio> ratio(const char* text) {
    return text == nullptr ? std::nullopt : Ratio::parse(text);
}

ResourceState record_of(const char* text, std::optional<std::chrono::sys_seconds> stepped = {}) {
    return {.name = "cpu",
            .raw = *Quantity::parse("2"),
            .applied = *apply_ratio("cpu", *Quantity::parse("2"), *Ratio::parse(text)),
            .capacity = std::nullopt,
            .ratio = *Ratio::parse(text),
            .source = "default",
            .stepped = stepped};
}

struct Row {
    const char* name;
    const char* record;  // nullptr: absent
    const char* wanted;  // nullptr: absent
    const char* expected;
    const char* requested = nullptr;
};

TEST(RatioInForce, FollowsTheTable) {
    const Row rows[] = {
        {"1", nullptr, nullptr, nullptr},
        {"2", nullptr, "2", "2"},
        {"2: limited", nullptr, "9", "4"},
        {"3", "3", nullptr, "3"},
        {"3: limited", "5", nullptr, "4"},
        {"4: up", "2", "3", "3"},
        {"4: down", "3", "1.5", "1.5"},
        {"4: limited", "3", "20", "4"},
        {"floor: a fall stops at what pods request", "3", "1", "2.5", "5"},
        {"floor: not above the record", "2", "1", "2", "5"},
        {"floor: below the wanted ratio", "3", "1.5", "1.5", "2"},
        {"floor: not for a rise", "1.5", "2", "2", "5"},
        {"floor: for a lowered limit too", "5", nullptr, "4.5", "9"},
        {"floor: rounded up, so that the pods fit", "3", "1", "1.667", "3333.4m"},
        {"floor: none without a record", nullptr, "1.5", "1.5", "5"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::optional<ResourceState> record;
        if (row.record != nullptr) record = record_of(row.record);
        RatioLimits limits{.max = *Ratio::parse("4"), .ramp = nullptr, .requested = std::nullopt};
        if (row.requested != nullptr) limits.requested = Quantity::parse(row.requested);
        const auto raw = *Quantity::parse("2");
        const auto found = ratio_in_force("cpu", ratio(row.wanted), record ? &*record : nullptr,
                                          raw, limits, kNow);
        EXPECT_EQ(found ? found->ratio.text() : "none",
                  row.expected == nullptr ? "none" : row.expected);
        if (found && limits.requested && record && found->ratio < record->ratio &&
            found->ratio != ratio(row.wanted)) {
            EXPECT_GE(*apply_ratio("cpu", raw, found->ratio), *limits.requested);
        }
    }
}

class RampTest : public testing::Test {
  protected:
    RampTest() {
        ramp_.up = RampRate::parse("0.1 per 10m");
        ramp_.down = RampRate::parse("0.5 per 1h");
    }

    RatioInForce step(const ResourceState& record, const char* wanted,
                      std::chrono::sys_seconds now = kNow) const {
        return *ratio_in_force("cpu", ratio(wanted), &record, *Quantity::parse("2"),
                               {.max = *Ratio::parse("4"), .ramp = &ramp_, .requested = {}}, now);
    }

    Ramp ramp_;
};

TEST_F(RampTest, MovesByOneStepAnInterval) {
    auto record = record_of("2");
    auto found = step(record, "2.25");
    EXPECT_EQ(found.ratio.text(), "2.1");
    EXPECT_EQ(found.stepped, kNow);
    record = record_of("2.1", kNow);
    EXPECT_EQ(step(record, "2.25", kNow + minutes(10) - seconds(1)).ratio.text(), "2.1");
    found = step(record, "2.25", kNow + minutes(10));
    EXPECT_EQ(found.ratio.text(), "2.2");
    EXPECT_EQ(found.stepped, kNow + minutes(10));
    // The remainder of the way is shorter than a step.
    EXPECT_EQ(step(record_of("2.2", kNow), "2.25", kNow + minutes(30)).ratio.text(), "2.25");
    EXPECT_EQ(step(record_of("3"), "1").ratio.text(), "2.5");
    EXPECT_EQ(step(record_of("3", kNow - minutes(30)), "1").ratio.text(), "3");
}

TEST_F(RampTest, AppliesToLimitsToo) {
    EXPECT_EQ(step(record_of("10"), "10").ratio.text(), "9.5");
}

TEST_F(RampTest, DoesNotConcernTheFirstValueNorAnUnchangedRatio) {
    EXPECT_EQ(ratio_in_force("cpu", ratio("3"), nullptr, *Quantity::parse("2"),
                             {.max = *Ratio::parse("4"), .ramp = &ramp_, .requested = {}}, kNow)
                  ->ratio.text(),
              "3");
    const auto found = step(record_of("2", kNow - minutes(1)), "2");
    EXPECT_EQ(found.ratio.text(), "2");
    EXPECT_EQ(found.stepped, kNow - minutes(1)) << "unchanged, so that nothing is written";
}

TEST_F(RampTest, IsUnlimitedInADirectionThatIsNotNamed) {
    ramp_.down.reset();
    EXPECT_EQ(step(record_of("3", kNow), "1.5").ratio.text(), "1.5");
}

TEST_F(RampTest, ContinuesAfterAClockWasSetBack) {
    EXPECT_EQ(step(record_of("2", kNow + std::chrono::hours(24)), "3").ratio.text(), "2.1");
}

TEST(RampRate, ParsesAStepAndAnInterval) {
    const auto rate = RampRate::parse("0.1 per 10m");
    ASSERT_TRUE(rate);
    EXPECT_EQ(rate->step, 100'000U);
    EXPECT_EQ(rate->interval, minutes(10));
    EXPECT_EQ(RampRate::parse("2 per 30s")->interval, seconds(30));
    EXPECT_EQ(RampRate::parse("0.000001 per 24h")->interval, std::chrono::hours(24));
    for (const auto* text :
         {"", "0.1", "0.1 per", "0.1 per ", "0.1 per 10", "0.1 per m", "0.1 per 0m", "0 per 10m",
          "-0.1 per 10m", "0.1 per 25h", "0.1 per 10d", "0.1/10m", "0.1  per 10m", "101 per 1h",
          "0.1 per 99999999999s"}) {
        EXPECT_FALSE(RampRate::parse(text)) << text;
    }
}

}  // namespace
}  // namespace airlock::webhook
