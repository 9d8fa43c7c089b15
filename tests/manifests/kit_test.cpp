// The node-oversell kit: bundle.yaml and the manifests are consistent with each other and with the
// documented names.
#include "base/file.hpp"
#include "base/yaml.hpp"
#include "manifests/apply_order.hpp"
#include "manifests/bundle/bundle_yaml.hpp"
#include "manifests/document.hpp"
#include "manifests/image_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace airlock::manifests {
namespace {

const std::filesystem::path kDirectory = AIRLOCK_SOURCE_DIR "/manifests/node-oversell";

BundleSpec kit() {
    return parse_bundle_spec(base::read_file(kDirectory / "bundle.yaml", base::kMaxYamlSize),
                             "bundle.yaml");
}

const InstallTarget kNewWithCertManager{.issuer = CertificateIssuer::cert_manager,
                                        .group_versions = {"v1", "policy/v1"}};
const InstallTarget kOnControlPlane{.placement = Placement::control_plane,
                                    .group_versions = {"v1", "policy/v1"}};

// The objects of the required component for such a cluster.
std::vector<Document> documents_for(const InstallTarget& target) {
    const auto spec = kit();
    std::vector<Document> all;
    for (const auto& component : select_components(spec, {})) {
        for (const auto& manifest : component.manifests) {
            if (!is_wanted(manifest, target)) continue;
            const auto text =
                substitute_values(base::read_file(kDirectory / manifest.file, base::kMaxYamlSize),
                                  manifest.file, spec.values);
            for (auto& document : split_documents(text, manifest.file))
                all.push_back(std::move(document));
        }
    }
    sort_for_apply(all);
    return all;
}

std::vector<std::string> names_of(const std::vector<Document>& documents) {
    std::vector<std::string> names;
    for (const auto& document : documents)
        names.push_back(document.key.api_version + " " + document.key.text());
    return names;
}

TEST(Kit, HasTheseObjectsForAnOldClusterWithTheInstallersCa) {
    const std::string ns = "node-oversell-webhook/";
    EXPECT_THAT(
        names_of(documents_for({.group_versions = {"v1", "policy/v1beta1"}})),
        testing::ElementsAre(
            "v1 Namespace node-oversell-webhook", "v1 ResourceQuota " + ns + "critical-pods",
            "v1 ServiceAccount " + ns + "node-oversell-webhook",
            "v1 ServiceAccount " + ns + "node-oversell-controller",
            "rbac.authorization.k8s.io/v1 ClusterRole node-oversell-controller",
            "rbac.authorization.k8s.io/v1 ClusterRoleBinding node-oversell-controller",
            "rbac.authorization.k8s.io/v1 Role " + ns + "node-oversell-controller",
            "rbac.authorization.k8s.io/v1 RoleBinding " + ns + "node-oversell-controller",
            "v1 ConfigMap " + ns + "node-oversell-policy",
            "networking.k8s.io/v1 NetworkPolicy " + ns + "node-oversell-webhook",
            "policy/v1beta1 PodDisruptionBudget " + ns + "node-oversell-webhook",
            "coordination.k8s.io/v1 Lease " + ns + "node-oversell-controller",
            "networking.k8s.io/v1 NetworkPolicy " + ns + "node-oversell-controller",
            "v1 Service " + ns + "node-oversell-webhook",
            "apps/v1 Deployment " + ns + "node-oversell-webhook",
            "apps/v1 Deployment " + ns + "node-oversell-controller",
            "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration node-oversell-webhook"));
}

TEST(Kit, HasACertificateChainForANewClusterWithCertManager) {
    const auto names = names_of(documents_for(kNewWithCertManager));
    EXPECT_THAT(names,
                testing::Contains(
                    "policy/v1 PodDisruptionBudget node-oversell-webhook/node-oversell-webhook"));
    EXPECT_THAT(names, testing::Not(testing::Contains(testing::StartsWith("policy/v1beta1"))));
    for (const auto* name :
         {"Issuer node-oversell-webhook/selfsigned", "Certificate node-oversell-webhook/serving-ca",
          "Issuer node-oversell-webhook/serving-ca",
          "Certificate node-oversell-webhook/serving-cert"}) {
        EXPECT_THAT(names, testing::Contains(std::string("cert-manager.io/v1 ") + name));
    }
    EXPECT_THAT(names.back(), testing::HasSubstr("MutatingWebhookConfiguration"));
}

TEST(Kit, HasEveryImageOfItsManifests) {
    const auto spec = kit();
    std::set<std::string> bundled;
    for (const auto& component : spec.components) {
        for (const auto& image : component.images)
            bundled.insert(image.ref.text());
    }
    std::size_t found = 0;
    for (const auto& document : documents_for(kNewWithCertManager)) {
        for (const auto& field : find_image_fields(document, bundled)) {
            EXPECT_TRUE(bundled.contains(field.reference.text()))
                << field.file << ":" << field.line;
            ++found;
        }
    }
    EXPECT_EQ(found, 2U) << "webhook and controller";
}

TEST(Kit, CoversTheServiceWithItsCertificate) {
    const auto spec = kit();
    ASSERT_TRUE(spec.certificate);
    EXPECT_EQ(spec.certificate->secret.text(), "node-oversell-webhook/webhook-server-cert");
    EXPECT_EQ(spec.certificate->certificate->text(), "node-oversell-webhook/serving-cert");
    EXPECT_THAT(spec.certificate->dns_names,
                testing::Contains("node-oversell-webhook.node-oversell-webhook.svc"));
    EXPECT_EQ(spec.certificate->inject.at(0).text(),
              "MutatingWebhookConfiguration/node-oversell-webhook");
}

TEST(Kit, RunsOnControlPlaneNodesWithoutAServiceInThePathOfHeartbeats) {
    const std::string ns = "node-oversell-webhook/";
    const auto names = names_of(documents_for(kOnControlPlane));
    EXPECT_THAT(names, testing::Contains("apps/v1 DaemonSet " + ns + "node-oversell-webhook"));
    EXPECT_THAT(names, testing::Contains("apps/v1 Deployment " + ns + "node-oversell-controller"));
    for (const auto& absent :
         {"apps/v1 Deployment " + ns + "node-oversell-webhook",
          "policy/v1 PodDisruptionBudget " + ns + "node-oversell-webhook",
          "networking.k8s.io/v1 NetworkPolicy " + ns + "node-oversell-webhook"})
        EXPECT_THAT(names, testing::Not(testing::Contains(absent)));
    for (const auto* once : {"v1 Namespace node-oversell-webhook",
                             "v1 Service node-oversell-webhook/node-oversell-webhook"})
        EXPECT_EQ(std::ranges::count(names, once), 1) << once;
    EXPECT_THAT(names.back(), testing::HasSubstr("MutatingWebhookConfiguration"));
    for (const auto& check : kit().checks)
        EXPECT_EQ(check.placement, Placement::service) << "its Service is for metrics alone";
}

TEST(Kit, CallsTheWebhookOfTheSameNodeAtAnAddressOfItsCertificate) {
    const auto spec = kit();
    const auto last = documents_for(kOnControlPlane).back();
    EXPECT_THAT(last.text, testing::HasSubstr("url: \"https://127.0.0.1:" +
                                              spec.values.at("HOST_PORT") + "/mutate\""));
    EXPECT_THAT(spec.certificate->ip_addresses, testing::ElementsAre("127.0.0.1"));
    EXPECT_THAT(base::read_file(kDirectory / "certificate.yaml", base::kMaxYamlSize),
                testing::HasSubstr("  ipAddresses:\n    - 127.0.0.1\n"));
}

TEST(Kit, NeverBlocksAHeartbeat) {
    for (const auto placement : {Placement::service, Placement::control_plane}) {
        SCOPED_TRACE(to_string(placement));
        const auto documents =
            documents_for({.placement = placement, .group_versions = {"v1", "policy/v1"}});
        const auto& last = documents.back();
        ASSERT_TRUE(is_webhook_configuration(last.key));
        const auto tree = base::YamlTree::parse(last.text, last.file, last.line);
        const auto& hook = *tree.root().find("webhooks")->items.at(0);
        EXPECT_EQ(hook.find("failurePolicy")->value, "Ignore");
        EXPECT_EQ(hook.find("timeoutSeconds")->value, "2");
        EXPECT_EQ(hook.find("sideEffects")->value, "None");
        EXPECT_EQ(hook.find("rules")->items.size(), 1U);
        EXPECT_EQ(hook.find("rules")->items.at(0)->find("resources")->items.at(0)->value,
                  "nodes/status");
        EXPECT_EQ(hook.find_path({"objectSelector", "matchExpressions"})->items.size(), 1U);
    }
}

TEST(Kit, ListsEveryFileOfItsDirectory) {
    std::set<std::string> named = {"bundle.yaml"};
    for (const auto& component : kit().components) {
        for (const auto& manifest : component.manifests)
            named.insert(manifest.file);
    }
    for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
        EXPECT_TRUE(named.contains(entry.path().filename().string())) << entry.path();
    }
}

}  // namespace
}  // namespace airlock::manifests
