#include "manifests/apply_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::manifests {
namespace {

kubernetes::ObjectKey key(std::string version, std::string kind, std::string name = "x") {
    return {.api_version = std::move(version),
            .kind = std::move(kind),
            .namespace_name = {},
            .name = std::move(name)};
}

TEST(ApplyOrder, PutsWhatIsNeededFirstAndWebhooksLast) {
    const std::vector<kubernetes::ObjectKey> ordered = {
        key("v1", "Namespace"),
        key("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        key("v1", "ServiceAccount"),
        key("rbac.authorization.k8s.io/v1", "ClusterRole"),
        key("v1", "ConfigMap"),
        key("v1", "Service"),
        key("apps/v1", "Deployment"),
        key("serving.knative.dev/v1", "Service"),
        key("apiregistration.k8s.io/v1", "APIService"),
        key("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    };
    for (std::size_t i = 1; i < ordered.size(); ++i) {
        EXPECT_LT(apply_rank(ordered[i - 1]), apply_rank(ordered[i])) << ordered[i].text();
    }
}

TEST(ApplyOrder, KeepsTheOrderWithinAKind) {
    std::vector<Document> documents;
    for (const auto* name : {"c", "a", "b"}) {
        documents.push_back({.file = "f",
                             .line = 1,
                             .text = {},
                             .key = key("apps/v1", "Deployment", name),
                             .tree = {}});
        documents.push_back(
            {.file = "f", .line = 1, .text = {}, .key = key("v1", "Secret", name), .tree = {}});
    }
    sort_for_apply(documents);
    std::vector<std::string> names;
    for (const auto& document : documents)
        names.push_back(document.key.text());
    EXPECT_THAT(names, testing::ElementsAre("Secret c", "Secret a", "Secret b", "Deployment c",
                                            "Deployment a", "Deployment b"));
}

TEST(UndoOrder, RemovesWebhookConfigurationsFirst) {
    const std::vector<kubernetes::ObjectKey> applied = {
        key("v1", "Namespace"),
        key("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
        key("apps/v1", "Deployment"),
        key("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
        key("v1", "Service")};
    EXPECT_THAT(undo_order(applied), testing::ElementsAre(3U, 1U, 4U, 2U, 0U));
    EXPECT_TRUE(undo_order({}).empty());
}

TEST(IsWebhookConfiguration, DependsOnGroupAndKind) {
    EXPECT_TRUE(is_webhook_configuration(
        key("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration")));
    EXPECT_FALSE(is_webhook_configuration(key("example.com/v1", "MutatingWebhookConfiguration")));
    EXPECT_FALSE(is_webhook_configuration(
        key("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")));
}

}  // namespace
}  // namespace airlock::manifests
