#include "webhook/simulate_command.hpp"

#include "base/error.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/webhook/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace airlock::webhook {
namespace {

using base::Json;
using ::testing::HasSubstr;

class SimulateCommand : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_.write(
            "policy.yaml",
            "apiVersion: oversell.airlock.dev/v1\nkind: Policy\ndefault: {ratios: {cpu: 2}}\n");
    }

    std::string run(const Json& input, base::Format format = base::Format::text) const {
        std::istringstream in(input.dump());
        std::ostringstream out;
        simulate({.policy = folder_.path() / "policy.yaml", .format = format}, in, out);
        return out.str();
    }

    ::airlock::test::TempFolder folder_;
};

TEST_F(SimulateCommand, ShowsWhatWouldChangeOnEachNodeOfAList) {
    test::NodeValues disabled{.name = "n2"};
    disabled.labels["node-oversell/disable"] = "true";
    const Json list{{"kind", "List"}, {"items", {test::node_json({}), test::node_json(disabled)}}};
    const auto text = run(list);
    EXPECT_THAT(text, HasSubstr("n1: patched: cpu 2 -> 4 (x2, default)\n"));
    EXPECT_THAT(text, HasSubstr("  cpu: 2 -> 4, real 2, ratio 2 (default), reported\n"));
    EXPECT_THAT(text, HasSubstr("n2: unchanged: disabled by label\n"));
}

TEST_F(SimulateCommand, WritesJsonForASavedReview) {
    const auto answer = Json::parse(run(test::review_json({}, {}), base::Format::json));
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(answer[0].at("result"), "patched");
    EXPECT_EQ(answer[0].at("resources")[0].at("after"), "4");
    EXPECT_EQ(answer[0].at("patch")[0].at("path"), "/status/allocatable/cpu");
}

TEST_F(SimulateCommand, RejectsOtherInput) {
    EXPECT_THROW(run(Json{{"kind", "Pod"}}), base::Error);
    EXPECT_THROW(run(Json::array()), base::Error);
}

}  // namespace
}  // namespace airlock::webhook
