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
        simulate({.policy = folder_.path() / "policy.yaml", .pods = {}, .format = format}, in, out);
        return out.str();
    }

    // A running pod of n1.
    static Json pod(const std::string& name, const char* cpu, const char* created, int priority) {
        return {{"kind", "Pod"},
                {"metadata", {{"namespace", "ns"}, {"name", name}, {"creationTimestamp", created}}},
                {"spec",
                 {{"nodeName", "n1"},
                  {"priority", priority},
                  {"containers", {{{"resources", {{"requests", {{"cpu", cpu}}}}}}}}}},
                {"status", {{"phase", "Running"}}}};
    }

    ::airlock::test::TempFolder folder_;
};

TEST_F(SimulateCommand, ShowsWhatWouldChangeOnEachNodeOfAList) {
    test::NodeValues disabled{.name = "n2"};
    disabled.labels["node-oversell/disable"] = "true";
    const Json list{{"kind", "List"}, {"items", {test::node_json({}), test::node_json(disabled)}}};
    const auto text = run(list);
    EXPECT_THAT(text, HasSubstr("n1: patched: cpu 2 -> 4 (x2, default)\n"));
    EXPECT_THAT(text, HasSubstr("  cpu: 2 -> 4, real 2, ratio 2 (default), unrecorded\n"));
    EXPECT_THAT(text, HasSubstr("n2: unchanged: disabled by label\n"));
}

TEST_F(SimulateCommand, WritesJsonForASavedReview) {
    const auto answer = Json::parse(run(test::review_json({}, {}), base::Format::json));
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(answer[0].at("result"), "patched");
    EXPECT_EQ(answer[0].at("resources")[0].at("after"), "4");
    EXPECT_EQ(answer[0].at("patch")[0].at("path"), "/status/allocatable/cpu");
}

TEST_F(SimulateCommand, ListsThePodsThatWouldNotFit) {
    test::NodeValues node;
    node.allocatable["cpu"] = "6";
    (*node.annotations)["node-oversell/state"] =
        R"({"v":2,"generation":"g","resources":{"cpu":{"raw":"2","applied":"6","capacity":"2","ratio":"3","source":"default"}}})";
    const Json pods{{"kind", "List"},
                    {"items",
                     {pod("young", "2", "2026-11-24T11:00:00Z", 7),
                      pod("old", "3", "2026-11-24T10:00:00Z", 0)}}};
    folder_.write("pods.json", pods.dump());
    const auto simulate_pods = [&](base::Format format, std::ostream& out) {
        std::istringstream in(test::node_json(node).dump());
        return simulate({.policy = folder_.path() / "policy.yaml",
                         .pods = folder_.path() / "pods.json",
                         .format = format},
                        in, out);
    };
    std::ostringstream text;
    EXPECT_EQ(simulate_pods(base::Format::text, text), base::ExitCode::unhealthy);
    EXPECT_THAT(text.str(),
                HasSubstr("  pod ns/young (priority 7) would not fit: cpu is insufficient\n"));
    EXPECT_THAT(text.str(), testing::Not(HasSubstr("ns/old")));
    std::ostringstream json;
    simulate_pods(base::Format::json, json);
    EXPECT_EQ(Json::parse(json.str())[0].at("unfitPods"),
              Json::parse(R"([{"pod":"ns/young","priority":7,"resource":"cpu"}])"));
    // With the ratio that is applied they fit.
    folder_.write(
        "policy.yaml",
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\ndefault: {ratios: {cpu: 3}}\n");
    EXPECT_EQ(simulate_pods(base::Format::text, text), base::ExitCode::done);
}

TEST_F(SimulateCommand, RejectsOtherInput) {
    EXPECT_THROW(run(Json{{"kind", "Pod"}}), base::Error);
    EXPECT_THROW(run(Json::array()), base::Error);
}

}  // namespace
}  // namespace airlock::webhook
