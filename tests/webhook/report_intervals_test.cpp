#include "webhook/report_intervals.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

using std::chrono::seconds;

constexpr std::chrono::sys_seconds kStart{seconds(1'795'222'379)};

// The age after reports at these seconds.
seconds age_after(ReportIntervals& intervals, std::initializer_list<int> reports,
                  std::string_view node = "n1") {
    seconds age{0};
    for (const auto at : reports)
        age = intervals.record(node, kStart + seconds(at), kStart + seconds(at));
    return age;
}

TEST(ReportIntervals, AllowTheLongestAgeUntilASecondReport) {
    ReportIntervals intervals;
    EXPECT_EQ(age_after(intervals, {0}), seconds(240));
}

TEST(ReportIntervals, FollowTheKubeletButNeverExceedFourMinutes) {
    struct Row {
        int interval;
        int age;
    };
    for (const auto& [interval, age] :
         {Row{1, 24}, Row{2, 48}, Row{5, 120}, Row{10, 240}, Row{60, 240}, Row{300, 240}}) {
        ReportIntervals intervals;
        EXPECT_EQ(age_after(intervals, {0, interval, 2 * interval}), seconds(age)) << interval;
    }
}

TEST(ReportIntervals, ReportsToOtherReplicasDoNotRaiseTheAge) {
    ReportIntervals intervals;
    EXPECT_EQ(age_after(intervals, {0, 2, 8, 14, 18}), seconds(48));
}

TEST(ReportIntervals, ForgetTheIntervalFromBeforeTheKubeletWasReconfigured) {
    ReportIntervals intervals;
    EXPECT_EQ(age_after(intervals, {0, 2, 4}), seconds(48));
    EXPECT_EQ(age_after(intervals, {14, 24, 34, 44, 54, 64, 74, 84}), seconds(240));
}

TEST(ReportIntervals, AreKeptForEachNodeAndForgottenWithIt) {
    ReportIntervals intervals;
    EXPECT_EQ(age_after(intervals, {0, 2}, "n1"), seconds(48));
    EXPECT_EQ(age_after(intervals, {0, 10}, "n2"), seconds(240));
    EXPECT_EQ(age_after(intervals, {4}, "n1"), seconds(48));
}

TEST(ReportIntervals, SurviveAClockThatIsSetBack) {
    ReportIntervals intervals;
    EXPECT_EQ(age_after(intervals, {0, 2, -1000, -1000}), seconds(48));
    EXPECT_EQ(age_after(intervals, {-998}), seconds(48));
}

}  // namespace
}  // namespace airlock::webhook
