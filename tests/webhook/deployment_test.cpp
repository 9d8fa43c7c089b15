// The parts of the kit's manifests that safety depends on: Deployments, DaemonSet, NetworkPolicy,
// service accounts and RBAC rules.
#include "base/file.hpp"
#include "webhook/https_server.hpp"
#include "webhook/serve_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <regex>
#include <set>
#include <string>

namespace airlock::webhook {
namespace {

constexpr const char* kKit = AIRLOCK_SOURCE_DIR "/manifests/node-oversell/";

std::string default_value(const std::string& name) {
    return YAML::LoadFile(kKit + std::string("bundle.yaml"))["values"][name].as<std::string>();
}

YAML::Node kit_object(const char* name) {
    auto text = base::read_file(kKit + std::string(name), 1 << 20);
    for (const auto* value : {"REPLICAS", "HOST_PORT", "HOST_METRICS_PORT"})
        text = std::regex_replace(text, std::regex(std::string("\\$\\{") + value + "\\}"),
                                  default_value(value));
    return YAML::Load(text);
}

YAML::Node pod() {
    return kit_object("deployment.yaml")["spec"]["template"]["spec"];
}

YAML::Node daemon_set_pod() {
    return kit_object("daemon-set.yaml")["spec"]["template"]["spec"];
}

// The objects in controller.yaml, by kind.
std::map<std::string, YAML::Node> controller() {
    std::map<std::string, YAML::Node> objects;
    for (auto object :
         YAML::LoadAllFromFile(AIRLOCK_SOURCE_DIR "/manifests/node-oversell/controller.yaml"))
        objects[object["kind"].as<std::string>()] = object;
    return objects;
}

void expect_confined(const YAML::Node& spec) {
    EXPECT_TRUE(spec["securityContext"]["runAsNonRoot"].as<bool>());
    EXPECT_NE(spec["securityContext"]["runAsUser"].as<int>(), 0);
    EXPECT_EQ(spec["securityContext"]["seccompProfile"]["type"].as<std::string>(),
              "RuntimeDefault");
    for (const auto* host : {"hostNetwork", "hostPID", "hostIPC"})
        EXPECT_FALSE(spec[host].IsDefined()) << host;
    const auto container = spec["containers"][0]["securityContext"];
    EXPECT_TRUE(container["readOnlyRootFilesystem"].as<bool>());
    EXPECT_FALSE(container["allowPrivilegeEscalation"].as<bool>());
    EXPECT_EQ(container["capabilities"]["drop"][0].as<std::string>(), "ALL");
    for (const auto& mount : spec["containers"][0]["volumeMounts"])
        EXPECT_TRUE(mount["readOnly"].as<bool>());
}

TEST(Deployment, GivesTheWebhookNoPermissionItDoesNotNeed) {
    expect_confined(pod());
    EXPECT_FALSE(pod()["automountServiceAccountToken"].as<bool>());
    EXPECT_FALSE(kit_object("service-account.yaml")["automountServiceAccountToken"].as<bool>());
}

TEST(Deployment, AllowsTheControllerToPatchTheStatusOfNodesAndToHoldItsLease) {
    const auto objects = controller();
    expect_confined(objects.at("Deployment")["spec"]["template"]["spec"]);
    const auto rules = objects.at("ClusterRole")["rules"];
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0]["resources"].as<std::vector<std::string>>(),
              std::vector<std::string>{"nodes"});
    EXPECT_EQ(rules[0]["verbs"].as<std::vector<std::string>>(),
              (std::vector<std::string>{"list", "watch"}));
    EXPECT_EQ(rules[1]["resources"].as<std::vector<std::string>>(),
              std::vector<std::string>{"nodes/status"});
    EXPECT_EQ(rules[1]["verbs"].as<std::vector<std::string>>(), std::vector<std::string>{"patch"});
    const auto lease = objects.at("Lease")["metadata"];
    const auto role = objects.at("Role")["rules"];
    ASSERT_EQ(role.size(), 1U);
    EXPECT_EQ(role[0]["resourceNames"][0].as<std::string>(), lease["name"].as<std::string>());
    EXPECT_EQ(role[0]["verbs"].as<std::vector<std::string>>(),
              (std::vector<std::string>{"get", "update"}));
    const auto args = objects.at("Deployment")["spec"]["template"]["spec"]["containers"][0]["args"];
    EXPECT_EQ(args[2].as<std::string>(),
              lease["namespace"].as<std::string>() + "/" + lease["name"].as<std::string>());
}

TEST(Deployment, AcceptsAnyClientOnTwoPortsAndHasNoEgress) {
    const auto policy = kit_object("network-policy.yaml")["spec"];
    std::set<int> allowed;
    for (const auto& rule : policy["ingress"]) {
        // A "from" would block API servers: they run on the host network, which no selector of pods
        // or namespaces matches.
        EXPECT_FALSE(rule["from"].IsDefined());
        for (const auto& port : rule["ports"])
            allowed.insert(port["port"].as<int>());
    }
    std::set<int> served;
    for (const auto& port : pod()["containers"][0]["ports"])
        served.insert(port["containerPort"].as<int>());
    EXPECT_EQ(allowed, served);
    EXPECT_EQ(served.size(), 2U);
    EXPECT_EQ(policy["egress"].size(), 0U);
    EXPECT_EQ(policy["policyTypes"].as<std::vector<std::string>>(),
              (std::vector<std::string>{"Ingress", "Egress"}));
    const auto labels = kit_object("deployment.yaml")["spec"]["template"]["metadata"]["labels"];
    for (const auto& label : policy["podSelector"]["matchLabels"]) {
        EXPECT_EQ(labels[label.first.as<std::string>()].as<std::string>(),
                  label.second.as<std::string>());
    }
}

TEST(Deployment, AllowsTheMemoryThatClientsCanMakeItUse) {
    const auto limit = pod()["containers"][0]["resources"]["limits"]["memory"].as<std::string>();
    ASSERT_TRUE(limit.ends_with("Mi"));
    constexpr std::uint64_t kMi = 1024 * 1024;
    constexpr std::uint64_t kOfConnection = 64 * 1024;  // its buffers and those of TLS
    constexpr std::uint64_t kWithoutLoad = 16 * kMi;
    const ServerOptions options;
    EXPECT_GE(std::stoull(limit) * kMi,
              kWithoutLoad + options.max_large_bodies +
                  options.connections.total * (options.large_body + kOfConnection));
}

TEST(Deployment, IsNotTheFirstVictimOfABusyNode) {
    EXPECT_EQ(pod()["priorityClassName"].as<std::string>(), "system-node-critical");
    std::set<std::string> admitted;
    const auto scope = kit_object("resource-quota.yaml")["spec"]["scopeSelector"];
    for (const auto& value : scope["matchExpressions"][0]["values"])
        admitted.insert(value.as<std::string>());
    EXPECT_TRUE(admitted.contains(pod()["priorityClassName"].as<std::string>()));
    const auto controller_pod = controller().at("Deployment")["spec"]["template"]["spec"];
    EXPECT_TRUE(admitted.contains(controller_pod["priorityClassName"].as<std::string>()));
    EXPECT_FALSE(pod()["containers"][0]["resources"]["limits"]["cpu"].IsDefined());
}

TEST(DaemonSet, DiffersFromTheDeploymentInItsNetworkAndNodesAlone) {
    const auto without = [](YAML::Node spec, const std::vector<const char*>& keys) {
        for (const auto* key : keys)
            spec.remove(key);
        return spec;
    };
    auto deployed = without(pod(), {"affinity", "tolerations", "topologySpreadConstraints"});
    auto daemon =
        without(daemon_set_pod(), {"affinity", "tolerations", "hostNetwork", "dnsPolicy"});
    for (auto spec : {deployed, daemon}) {
        auto container = spec["containers"][0];
        container["readinessProbe"]["httpGet"].remove("host");
        container["livenessProbe"]["httpGet"].remove("host");
        without(container, {"args", "ports", "env"});
    }
    EXPECT_EQ(YAML::Dump(deployed), YAML::Dump(daemon));
}

TEST(DaemonSet, ListensForReviewsOnLoopbackAlone) {
    const auto spec = daemon_set_pod();
    const auto container = spec["containers"][0];
    const auto args = container["args"].as<std::vector<std::string>>();
    EXPECT_EQ(args.at(1), "--listen");
    EXPECT_EQ(args.at(2), "127.0.0.1:" + default_value("HOST_PORT"));
    for (const auto* probe : {"readinessProbe", "livenessProbe"})
        EXPECT_EQ(container[probe]["httpGet"]["host"].as<std::string>(), "127.0.0.1") << probe;
    EXPECT_TRUE(spec["hostNetwork"].as<bool>());
    for (const auto* host : {"hostPID", "hostIPC"})
        EXPECT_FALSE(spec[host].IsDefined()) << host;
}

TEST(DaemonSet, RunsOnEveryControlPlaneNodeBeforeItIsReady) {
    const auto spec = daemon_set_pod();
    ASSERT_EQ(spec["tolerations"].size(), 1U);
    EXPECT_EQ(spec["tolerations"][0].size(), 1U) << "tolerates every taint";
    EXPECT_EQ(spec["tolerations"][0]["operator"].as<std::string>(), "Exists");
    std::set<std::string> labels;
    const auto required =
        spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    for (const auto& term : required["nodeSelectorTerms"])
        labels.insert(term["matchExpressions"][0]["key"].as<std::string>());
    EXPECT_EQ(labels, (std::set<std::string>{"node-role.kubernetes.io/control-plane",
                                             "node-role.kubernetes.io/master"}));
    const auto update = kit_object("daemon-set.yaml")["spec"]["updateStrategy"]["rollingUpdate"];
    EXPECT_EQ(update["maxUnavailable"].as<int>(), 1) << "one node at a time";
}

TEST(Deployment, AllowsTheTimeForAGracefulShutdown) {
    const ServeOptions options;
    const auto seconds = pod()["terminationGracePeriodSeconds"].as<unsigned>();
    EXPECT_GT(seconds, options.drain_seconds + options.grace_seconds);
}

}  // namespace
}  // namespace airlock::webhook
