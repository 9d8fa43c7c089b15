#include "webhook/node_annotations.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

TEST(RatioAnnotation, GivesRatiosToResources) {
    const auto ratios = parse_ratio_annotation(" cpu=1.5, memory = 2 ");
    EXPECT_TRUE(ratios.problem.empty());
    ASSERT_NE(ratios.find("cpu"), nullptr);
    EXPECT_EQ(ratios.find("cpu")->text(), "1.5");
    EXPECT_EQ(ratios.find("memory")->text(), "2");
    EXPECT_EQ(ratios.find("pods"), nullptr);
    EXPECT_FALSE(ratios.in_question("pods"));
    EXPECT_TRUE(parse_ratio_annotation("").valid.empty());
}

struct Mistake {
    const char* text;
    bool cpu_in_question;
    bool memory_in_question;
    bool pods_in_question;
};

TEST(RatioAnnotation, AMistakeConcernsItsResourceOnly) {
    const Mistake rows[] = {
        {"cpu=lots,memory=2", true, false, false},
        {"memory=2,cpu=0.5", true, false, false},
        {"cpu=2,cpu=3", true, false, false},
        {"cpu=x,cpu=3", true, false, false},
        {"cpu=101,memory=", true, true, false},
        // No resource is named: every one that is not set otherwise could be meant.
        {"1.5", true, true, true},
        {"memory=2,1.5", true, false, true},
        {"1.5,memory=2", true, false, true},
        {"=1.5,memory=2", true, false, true},
    };
    for (const auto& row : rows) {
        const auto ratios = parse_ratio_annotation(row.text);
        EXPECT_EQ(ratios.in_question("cpu"), row.cpu_in_question) << row.text;
        EXPECT_EQ(ratios.in_question("memory"), row.memory_in_question) << row.text;
        EXPECT_EQ(ratios.in_question("pods"), row.pods_in_question) << row.text;
        EXPECT_FALSE(ratios.problem.empty()) << row.text;
    }
    const auto huge = parse_ratio_annotation(std::string(2000, 'x'));
    EXPECT_TRUE(huge.in_question("cpu"));
}

TEST(RequestedAnnotation, GivesQuantities) {
    const auto requested = parse_requested_annotation("cpu=5200m,memory=9Gi,pods=1.5");
    EXPECT_EQ(requested.find("cpu")->text(), "5200m");
    EXPECT_EQ(requested.find("memory")->text(), "9Gi");
    EXPECT_TRUE(requested.in_question("pods")) << "pods are whole";
    EXPECT_TRUE(parse_requested_annotation("cpu=-1").in_question("cpu"));
}

}  // namespace
}  // namespace airlock::webhook
