#include "manifests/apply_order.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <string_view>

namespace airlock::manifests {
namespace {

enum Rank {
    kNamespaces,
    kQuotas,  // quotas and priorities apply to pods created after them
    kCrds,
    kServiceAccounts,
    kRbac,
    kConfiguration,
    kStorage,
    kServices,
    kWorkloads,
    kRouting,
    kCustomResources,
    kApiServices,
    kWebhookConfigurations,
};

struct KindRank {
    std::string_view group;
    std::string_view kind;
    Rank rank;
};

// The group matters: a Service of serving.knative.dev is a custom resource.
constexpr std::array kRanks = std::to_array<KindRank>({
    {"", "Namespace", kNamespaces},
    {"", "ResourceQuota", kQuotas},
    {"", "LimitRange", kQuotas},
    {"scheduling.k8s.io", "PriorityClass", kQuotas},
    {"apiextensions.k8s.io", "CustomResourceDefinition", kCrds},
    {"", "ServiceAccount", kServiceAccounts},
    {"policy", "PodSecurityPolicy", kServiceAccounts},
    {"rbac.authorization.k8s.io", "ClusterRole", kRbac},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", kRbac},
    {"rbac.authorization.k8s.io", "Role", kRbac},
    {"rbac.authorization.k8s.io", "RoleBinding", kRbac},
    {"", "ConfigMap", kConfiguration},
    {"", "Secret", kConfiguration},
    {"networking.k8s.io", "NetworkPolicy", kConfiguration},
    {"policy", "PodDisruptionBudget", kConfiguration},
    {"node.k8s.io", "RuntimeClass", kConfiguration},
    {"coordination.k8s.io", "Lease", kConfiguration},  // for leader election of workloads
    {"storage.k8s.io", "StorageClass", kStorage},
    {"storage.k8s.io", "CSIDriver", kStorage},
    {"", "PersistentVolume", kStorage},
    {"", "PersistentVolumeClaim", kStorage},
    {"", "Service", kServices},
    {"", "Endpoints", kServices},
    {"discovery.k8s.io", "EndpointSlice", kServices},
    {"apps", "DaemonSet", kWorkloads},
    {"apps", "Deployment", kWorkloads},
    {"apps", "ReplicaSet", kWorkloads},
    {"apps", "StatefulSet", kWorkloads},
    {"", "Pod", kWorkloads},
    {"", "ReplicationController", kWorkloads},
    {"batch", "Job", kWorkloads},
    {"batch", "CronJob", kWorkloads},
    {"autoscaling", "HorizontalPodAutoscaler", kRouting},
    {"networking.k8s.io", "IngressClass", kRouting},
    {"networking.k8s.io", "Ingress", kRouting},
    {"apiregistration.k8s.io", "APIService", kApiServices},
});

}  // namespace

bool is_webhook_configuration(const kubernetes::ObjectKey& key) {
    return key.group() == "admissionregistration.k8s.io" &&
           (key.kind == "MutatingWebhookConfiguration" ||
            key.kind == "ValidatingWebhookConfiguration");
}

bool is_api_service(const kubernetes::ObjectKey& key) {
    return key.group() == "apiregistration.k8s.io" && key.kind == "APIService";
}

int apply_rank(const kubernetes::ObjectKey& key) {
    const auto group = key.group();
    // Policies of this group can reject requests, as webhooks can.
    if (group == "admissionregistration.k8s.io") return kWebhookConfigurations;
    const auto* known = std::ranges::find_if(kRanks, [&](const KindRank& entry) {
        return entry.group == group && entry.kind == key.kind;
    });
    return known == kRanks.end() ? kCustomResources : known->rank;
}

void sort_for_apply(std::vector<Document>& documents) {
    std::stable_sort(documents.begin(), documents.end(), [](const Document& a, const Document& b) {
        return apply_rank(a.key) < apply_rank(b.key);
    });
}

std::vector<std::size_t> undo_order(std::span<const kubernetes::ObjectKey> applied) {
    std::vector<std::size_t> order(applied.size());
    std::iota(order.rbegin(), order.rend(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(),
                          [&](std::size_t at) { return is_webhook_configuration(applied[at]); });
    return order;
}

}  // namespace airlock::manifests
