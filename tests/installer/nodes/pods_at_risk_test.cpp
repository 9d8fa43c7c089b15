#include "installer/nodes/pods_at_risk.hpp"

#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;

Json pod(const std::string& name, const std::string& created, const std::string& cpu) {
    return {{"metadata", {{"namespace", "x"}, {"name", name}, {"creationTimestamp", created}}},
            {"spec",
             {{"nodeName", "a"},
              {"containers", Json::array({{{"resources", {{"requests", {{"cpu", cpu}}}}}}})}}},
            {"status", {{"phase", "Running"}}}};
}

Json node(const std::string& name, const std::string& capacity) {
    return {{"metadata", {{"name", name}}}, {"status", {{"capacity", {{"cpu", capacity}}}}}};
}

const std::vector<NodeBefore> kTwoCpus{{.name = "a", .allocatable = {{"cpu", "2"}}}};

std::vector<std::string> names(const std::vector<PodAtRisk>& pods) {
    std::vector<std::string> out;
    for (const auto& each : pods)
        out.push_back(each.pod);
    return out;
}

std::vector<std::string> at_risk(const std::vector<Json>& pods,
                                 const std::vector<NodeBefore>& raw = kTwoCpus) {
    return names(pods_at_risk(pods, {node("a", "2")}, raw));
}

using Names = std::vector<std::string>;

TEST(PodsAtRisk, is_empty_when_all_pods_fit_without_oversell) {
    EXPECT_EQ(at_risk({pod("one", "1", "500m"), pod("two", "2", "1500m")}), Names{});
}

TEST(PodsAtRisk, has_the_youngest_pod_that_does_not_fit) {
    EXPECT_EQ(at_risk({pod("young", "3", "1"), pod("old", "1", "1500m"), pod("tiny", "4", "100m")}),
              Names{"x/young"});
}

TEST(PodsAtRisk, has_the_insufficient_resource_and_the_node) {
    const auto found = pods_at_risk({pod("big", "1", "3")}, {node("a", "2")}, kTwoCpus);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].node, "a");
    EXPECT_EQ(found[0].resource, "cpu");
}

TEST(PodsAtRisk, admits_critical_pods_first) {
    auto critical = pod("critical", "9", "1500m");
    critical["spec"]["priority"] = 2'000'000'000;
    EXPECT_EQ(at_risk({pod("old", "1", "1"), critical}), Names{"x/old"});
}

TEST(PodsAtRisk, ignores_terminated_pods_and_those_of_other_nodes) {
    auto ended = pod("ended", "1", "3");
    ended["status"]["phase"] = "Succeeded";
    auto elsewhere = pod("elsewhere", "1", "3");
    elsewhere["spec"]["nodeName"] = "b";
    EXPECT_EQ(at_risk({ended, elsewhere}), Names{});
}

TEST(PodsAtRisk, counts_the_largest_init_container_sidecars_and_overhead) {
    struct Row {
        const char* name;
        const char* init_cpu;
        const char* restart_policy;
        const char* overhead;
        bool at_risk;
    };
    for (const auto& row : {Row{"a small init container", "1", "", "0", false},
                            Row{"a large init container", "2500m", "", "0", true},
                            Row{"a sidecar beside it", "1", "Always", "0", true},
                            Row{"the overhead of the runtime", "0", "", "600m", true}}) {
        auto each = pod("each", "1", "1500m");
        Json init{{"resources", {{"requests", {{"cpu", row.init_cpu}}}}}};
        if (*row.restart_policy != '\0') init["restartPolicy"] = row.restart_policy;
        each["spec"]["initContainers"] = Json::array({init});
        each["spec"]["overhead"] = {{"cpu", row.overhead}};
        EXPECT_EQ(!at_risk({each}).empty(), row.at_risk) << row.name;
    }
}

TEST(PodsAtRisk, counts_the_number_of_pods) {
    const std::vector<NodeBefore> one_pod{
        {.name = "a", .allocatable = {{"cpu", "2"}, {"pods", "1"}}}};
    EXPECT_EQ(at_risk({pod("one", "1", "1m"), pod("two", "2", "1m")}, one_pod), Names{"x/two"});
}

TEST(PodsAtRisk, uses_the_capacity_of_a_node_that_joined_later) {
    EXPECT_EQ(at_risk({pod("big", "1", "3")}, {}), Names{"x/big"});
}

TEST(PodsAtRisk, accepts_malformed_objects) {
    EXPECT_EQ(at_risk({Json::object(), Json::array(), {{"spec", "x"}}}), Names{});
}

}  // namespace
}  // namespace airlock::installer
