#include "webhook/policy.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/webhook/support.hpp"
#include "webhook/canary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

using ::testing::HasSubstr;

std::string text_of(const NodePlan& plan) {
    std::string text;
    for (const auto& planned : plan.ratios) {
        if (planned.ratio) {
            text +=
                fmt::format("{}={} {};", planned.resource, planned.ratio->text(), planned.source);
        }
    }
    return text;
}

constexpr std::string_view kPools = R"(
default: {ratios: {cpu: "2.0", memory: "1.5"}}
resources: [cpu, memory, pods, example.com/gpu]
pools:
  - name: gpu
    selector: {matchExpressions: [{key: gpu, operator: Exists}, {key: cores, operator: Gt, values: ["8"]}]}
    ratios: {example.com/gpu: "2", memory: "1"}
  - name: batch
    selector: {matchLabels: {pool: batch}}
    ratios: {cpu: 3, pods: 1.5}
maxRatio: {cpu: "4", pods: "2", example.com/gpu: "2"}
minRatio: {cpu: "1.2"}
)";

struct PlanRow {
    const char* name;
    std::vector<TextPair> labels;
    std::vector<TextPair> annotations;
    const char* ratios;
};

TEST(Policy, PrefersTheNodesRatioToThePoolsToTheDefault) {
    const auto policy = test::policy(kPools);
    const PlanRow rows[] = {
        {"default", {}, {}, "cpu=2 default;memory=1.5 default;"},
        {"pool",
         {{"pool", "batch"}},
         {},
         "cpu=3 pool batch;memory=1.5 default;pods=1.5 pool batch;"},
        {"first pool wins",
         {{"pool", "batch"}, {"gpu", ""}, {"cores", "16"}},
         {},
         "cpu=2 default;example.com/gpu=2 pool gpu;memory=1 pool gpu;"},
        {"node",
         {{"pool", "batch"}},
         {{"node-oversell/ratio", "cpu=1.5, memory=1.2"}},
         "cpu=1.5 node;memory=1.2 node;pods=1.5 pool batch;"},
        {"node is limited to maxRatio",
         {},
         {{"node-oversell/ratio", "cpu=50"}},
         "cpu=4 node;memory=1.5 default;"},
        {"node is raised to minRatio",
         {},
         {{"node-oversell/ratio", "cpu=1"}},
         "cpu=1.2 node;memory=1.5 default;"},
        {"a ratio of 1 is named too",
         {},
         {{"node-oversell/ratio", "memory=1"}},
         "cpu=2 default;memory=1 node;"},
        {"unlisted resource of a node",
         {},
         {{"node-oversell/ratio", "ephemeral-storage=2"}},
         "cpu=2 default;memory=1.5 default;"},
        {"empty annotation",
         {},
         {{"node-oversell/ratio", ""}},
         "cpu=2 default;memory=1.5 default;"},
    };
    for (const auto& row : rows) {
        const auto plan = policy.plan_for("n1", row.labels, row.annotations);
        EXPECT_EQ(plan.action, NodePlan::Action::oversell) << row.name;
        EXPECT_EQ(text_of(plan), row.ratios) << row.name;
    }
}

TEST(Policy, SelectsPoolsByAllSixOperators) {
    struct {
        const char* expression;
        std::vector<TextPair> matching;
        std::vector<TextPair> other;
    } const rows[] = {
        {"{key: k, operator: In, values: [a, b]}", {{"k", "b"}}, {{"k", "c"}}},
        {"{key: k, operator: NotIn, values: [a, b]}", {{"k", "c"}}, {{"k", "a"}}},
        {"{key: k, operator: Exists}", {{"k", ""}}, {{"j", ""}}},
        {"{key: k, operator: DoesNotExist}", {{"j", ""}}, {{"k", ""}}},
        {"{key: k, operator: Gt, values: [\"8\"]}", {{"k", "9"}}, {{"k", "8"}}},
        {"{key: k, operator: Lt, values: [8]}", {{"k", "7"}}, {{"k", "8"}}},
    };
    for (const auto& row : rows) {
        const auto policy = test::policy(fmt::format(
            "pools: [{{name: p, selector: {{matchExpressions: [{}]}}, ratios: {{cpu: 3}}}}]",
            row.expression));
        EXPECT_EQ(text_of(policy.plan_for("n", row.matching, {})), "cpu=3 pool p;")
            << row.expression;
        EXPECT_EQ(text_of(policy.plan_for("n", row.other, {})), "") << row.expression;
    }
}

TEST(Policy, OversellsOnlyCpuAndMemoryUnlessOthersAreListed) {
    const std::vector<TextPair> annotations{
        {"node-oversell/ratio",
         "cpu=2,memory=2,pods=2,ephemeral-storage=2,example.com/gpu=2,example.com/nic=2"}};
    EXPECT_EQ(text_of(test::policy("mode: enforce").plan_for("n", {}, annotations)),
              "cpu=2 node;memory=2 node;");
    EXPECT_EQ(text_of(test::policy("resources: [cpu, pods, ephemeral-storage, example.com/gpu]\n"
                                   "maxRatio: {pods: 1.5, example.com/gpu: 2}")
                          .plan_for("n", {}, annotations)),
              "cpu=2 node;ephemeral-storage=1 node;example.com/gpu=2 node;pods=1.5 node;");
}

TEST(Policy, HoldsTheResourceWithAMistakeInTheRatioAnnotation) {
    const auto policy = test::policy(kPools);
    for (const auto* text : {"cpu", "cpu=", "cpu=x", "=2", "cpu=0.5", "cpu=1e3", "cpu=2,cpu=3",
                             "cpu=2;memory=1", ",", "cpu,memory=1"}) {
        const std::vector<TextPair> annotations{{"node-oversell/ratio", text}};
        const auto plan = policy.plan_for("n1", {}, annotations);
        const auto& cpu = plan.ratios.front();
        EXPECT_EQ(cpu.resource, "cpu");
        EXPECT_FALSE(cpu.ratio) << text;
        EXPECT_EQ(cpu.skip, SkipReason::ratio_annotation) << text;
        EXPECT_FALSE(plan.problem.empty()) << text;
    }
    const std::vector<TextPair> annotations{{"node-oversell/ratio", "cpu=x, memory=1.2"}};
    EXPECT_EQ(text_of(policy.plan_for("n1", {}, annotations)), "memory=1.2 node;");
}

TEST(Policy, LimitsRatiosByDefault) {
    EXPECT_EQ(MaxRatios{}.of("cpu").text(), "4");
    EXPECT_EQ(MaxRatios{}.of("memory").text(), "2");
    EXPECT_EQ(MaxRatios{}.of("pods").text(), "1");
    ::airlock::test::expect_error([] { return test::policy("default: {ratios: {cpu: \"20\"}}"); },
                                  base::Errc::usage,
                                  "ratio 20 of cpu is greater than maxRatio 4, the default");
    const auto raised = test::policy("default: {ratios: {cpu: 20}}\nmaxRatio: {cpu: 20}");
    EXPECT_EQ(text_of(raised.plan_for("n", {}, {})), "cpu=20 default;");
}

TEST(Policy, ReadsRampFloorAndForeignWrites) {
    const auto plain = test::policy("mode: enforce").plan_for("n", {}, {});
    EXPECT_EQ(plain.ramp, nullptr);
    EXPECT_EQ(plain.foreign_writes, ForeignWrites::ignore);
    const auto policy =
        test::policy("ramp: {up: 0.1 per 10m}\nfloor: none\nforeignWrites: accept\n");
    const std::vector<TextPair> annotations{{"node-oversell/requested", "cpu=3"}};
    const auto plan = policy.plan_for("n", {}, annotations);
    ASSERT_NE(plan.ramp, nullptr);
    EXPECT_EQ(plan.ramp->up->step, 100'000U);
    EXPECT_FALSE(plan.ramp->down);
    EXPECT_EQ(plan.foreign_writes, ForeignWrites::accept);
    EXPECT_EQ(plan.requested.find("cpu"), nullptr) << "floor: none";
    const auto floored = test::policy("floor: requests");
    EXPECT_EQ(floored.plan_for("n", {}, annotations).requested.find("cpu")->text(), "3");
}

TEST(Policy, RestoresDisabledNodesAndEveryNodeUnderTheKillSwitch) {
    const std::vector<TextPair> disabled{{"node-oversell/disable", "true"}};
    const std::vector<TextPair> enabled{{"node-oversell/disable", "false"}};
    EXPECT_EQ(test::policy(kPools).plan_for("n1", disabled, {}).action, NodePlan::Action::restore);
    EXPECT_EQ(test::policy(kPools).plan_for("n1", enabled, {}).action, NodePlan::Action::oversell);
    EXPECT_EQ(test::policy("killSwitch: true").plan_for("n1", {}, {}).action,
              NodePlan::Action::restore);
}

TEST(Policy, ObservesOrOversellsACanaryOfTheNodes) {
    EXPECT_EQ(test::policy("mode: observe").plan_for("n1", {}, {}).action,
              NodePlan::Action::observe);
    for (const auto* mode :
         {"mode: {canary: 10%}", "mode: \"canary: 10%\"", "mode:\n  canary: \"10\""}) {
        const auto policy = test::policy(mode);
        EXPECT_EQ(policy.mode(), Policy::Mode::canary) << mode;
        int oversold = 0;
        for (int i = 0; i < 10'000; ++i) {
            const auto name = fmt::format("node-{}", i);
            const bool in = policy.plan_for(name, {}, {}).action == NodePlan::Action::oversell;
            EXPECT_EQ(in, in_canary(name, 10));
            EXPECT_TRUE(!in || in_canary(name, 11)) << "a larger canary includes the smaller one";
            oversold += in ? 1 : 0;
        }
        EXPECT_NEAR(oversold, 1000, 150);
    }
    EXPECT_FALSE(in_canary("n1", 0));
    EXPECT_TRUE(in_canary("n1", 100));
}

struct ErrorRow {
    const char* yaml;
    const char* line;
    const char* message;
};

TEST(Policy, ReportsTheLineOfEveryProblem) {
    const ErrorRow rows[] = {
        {"default: {ratios: {cpu: \"0.5\"}}", "policy.yaml:3", "\"0.5\" is not a valid ratio"},
        {"default: {ratios: {cpu: [1]}}", "policy.yaml:3", "a ratio must be a string"},
        {"default:\n  ratio: {cpu: 2}", "policy.yaml:4", "unknown key \"ratio\" in default"},
        {"killSwitch: on", "policy.yaml:3", "true or false"},
        {"killswitch: true", "policy.yaml:3", "unknown key"},
        {"killSwitch: true\nkillSwitch: false", "policy.yaml:4", "key \"killSwitch\""},
        {"mode: canary", "policy.yaml:3", "{canary: N%}"},
        {"mode: \"canary: 101%\"", "policy.yaml:3", "{canary: N%}"},
        {"default: {ratios: {pods: 2}}", "policy.yaml:3", "is not listed in \"resources\""},
        {"resources: [cpu, hugepages-2Mi]", "policy.yaml:3", "cannot be oversold"},
        {"pools: [{name: a, selector: {}, disabled: maybe}]", "policy.yaml:3", "true or false"},
        {"pools: [{selector: {}, ratios: {}}]", "policy.yaml:3", "needs a name"},
        {"pools: [{name: a, ratios: {}}]", "policy.yaml:3", "needs a selector"},
        {"pools:\n- {name: a, selector: {}}\n- {name: a, selector: {}}", "policy.yaml:5",
         "duplicate pool name"},
        {"pools: [{name: a, selector: {matchExpressions: [{key: k, operator: Is}]}}]",
         "policy.yaml:3", "must be In"},
        {"pools: [{name: a, selector: {matchExpressions: [{key: k, operator: In}]}}]",
         "policy.yaml:3", "needs values"},
        {"pools: [{name: a, selector: {matchExpressions: [{key: k, operator: Gt, values: [a]}]}}]",
         "policy.yaml:3", "an integer"},
        {"default: {ratios: {cpu: 5}}\nmaxRatio: {cpu: 4}", "policy.yaml:3",
         "greater than maxRatio 4"},
        {"default: {ratios: {cpu: 1.1}}\nminRatio: {cpu: 1.2}", "policy.yaml:3",
         "less than minRatio 1.2"},
        {"ramp: {up: fast}", "policy.yaml:3", "is not a valid rate"},
        {"ramp: {sideways: 0.1 per 10m}", "policy.yaml:3", "unknown key"},
        {"floor: usage", "policy.yaml:3", "floor must be requests or none"},
        {"foreignWrites: yes", "policy.yaml:3", "foreignWrites must be ignore or accept"},
        {"maxRatio: {cpu: 2}\nminRatio: {cpu: 3}", "policy.yaml:4", "greater than its maxRatio"},
        {"default: {ratios: {cpu: 2}", "policy.yaml:3", "cannot read the policy"},
        {"---\nkind: Policy", "policy.yaml:3", "document"},
    };
    for (const auto& row : rows) {
        const auto error = ::airlock::test::error_of([&] { return test::policy(row.yaml); });
        ASSERT_TRUE(error) << row.yaml << " was accepted";
        EXPECT_EQ(error->code(), base::Errc::usage) << row.yaml;
        EXPECT_THAT(error->what(), HasSubstr(row.line)) << row.yaml;
        EXPECT_THAT(error->what(), HasSubstr(row.message)) << row.yaml;
        EXPECT_FALSE(error->hint().empty()) << row.yaml;
    }
}

TEST(Policy, ReportsAllProblemsAtOnce) {
    ::airlock::test::expect_error(
        [] { return test::policy("killSwitch: on\nmode: never\ndefault: {ratios: {cpu: 200}}"); },
        base::Errc::usage,
        "the policy is not valid\n"
        "  policy.yaml:3: killSwitch must be true or false\n"
        "  policy.yaml:4: mode must be observe, enforce or {canary: N%}, with N from 0 to 100\n"
        "  policy.yaml:5: cpu: \"200\" is not a valid ratio");
}

TEST(Policy, BoundsWhatAliasesExpandTo) {
    std::string yaml = "metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        yaml += fmt::format("  a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                            i - 1);
    }
    ::airlock::test::expect_error([&] { return test::policy(yaml); }, base::Errc::usage, "aliases");
}

TEST(Policy, RejectsAnotherKindAndHostileText) {
    EXPECT_THROW(Policy::parse("", "p"), base::Error);
    EXPECT_THROW(Policy::parse("kind: Policy", "p"), base::Error);
    EXPECT_THROW(Policy::parse("apiVersion: v1\nkind: ConfigMap", "p"), base::Error);
    EXPECT_THROW(Policy::parse("[1, 2]", "p"), base::Error);
    EXPECT_THROW(Policy::parse(std::string(Policy::kMaxFile + 1, ' '), "p"), base::Error);
    EXPECT_THROW(Policy::parse(std::string(100'000, '['), "p"), base::Error);
    EXPECT_THROW(Policy::parse(std::string_view("a: \0b", 5), "p"), base::Error);
}

TEST(Policy, HasTheSameGenerationForTheSameText) {
    EXPECT_EQ(test::policy("mode: observe").generation(),
              test::policy("mode: observe").generation());
    EXPECT_NE(test::policy("mode: observe").generation(),
              test::policy("mode: enforce").generation());
    EXPECT_EQ(test::policy("mode: observe").generation().size(), 8U);
}

}  // namespace
}  // namespace airlock::webhook
