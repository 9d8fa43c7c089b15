// The policy that the kit ships.
#include "base/file.hpp"
#include "webhook/policy.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <regex>
#include <string>

namespace airlock::webhook {
namespace {

// With the default values of bundle.yaml, of which `value` is set to `text`.
Policy kit_policy(const std::string& value = {}, const std::string& text = {}) {
    const std::string kit = AIRLOCK_SOURCE_DIR "/manifests/node-oversell/";
    auto policy = base::read_file(kit + "policy.yaml", 1 << 20);
    for (const auto& entry : YAML::LoadFile(kit + "bundle.yaml")["values"]) {
        const auto name = entry.first.as<std::string>();
        policy = std::regex_replace(policy, std::regex("\\$\\{" + name + "\\}"),
                                    name == value ? text : entry.second.as<std::string>());
    }
    return Policy::parse(YAML::Load(policy)["data"]["policy.yaml"].as<std::string>(),
                         "policy.yaml");
}

std::string ratio_of(const NodePlan& plan, std::string_view resource) {
    for (const auto& planned : plan.ratios) {
        if (planned.resource == resource && planned.ratio) return planned.ratio->text();
    }
    return "none";
}

TEST(KitPolicy, OversellsWorkersModestly) {
    const auto policy = kit_policy();
    EXPECT_EQ(policy.mode(), Policy::Mode::enforce);
    const auto plan = policy.plan_for("worker", {}, {});
    EXPECT_EQ(ratio_of(plan, "cpu"), "2");
    EXPECT_EQ(ratio_of(plan, "memory"), "1.2");
}

TEST(KitPolicy, LeavesControlPlaneNodesAloneUnlessToldOtherwise) {
    for (const auto* role :
         {"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"}) {
        const std::vector<TextPair> labels{{role, ""}};
        const auto shipped = kit_policy();
        const auto plan = shipped.plan_for("cp", labels, {});
        EXPECT_EQ(ratio_of(plan, "cpu"), "1") << role;
        EXPECT_EQ(ratio_of(plan, "memory"), "1") << role;
        const auto policy = kit_policy("OVERSELL_CONTROL_PLANE", "true");
        EXPECT_EQ(ratio_of(policy.plan_for("cp", labels, {}), "cpu"), "2") << role;
    }
}

}  // namespace
}  // namespace airlock::webhook
