// The order in which the objects of a component are applied and undone, by group and kind only.
// Components are applied one after another, so that a component's webhooks are available before the
// next one needs them.
#pragma once

#include "manifests/document.hpp"

#include <span>
#include <vector>

namespace airlock::manifests {

// MutatingWebhookConfiguration or ValidatingWebhookConfiguration of admissionregistration.k8s.io.
bool is_webhook_configuration(const kubernetes::ObjectKey& key);
// apiregistration.k8s.io
bool is_api_service(const kubernetes::ObjectKey& key);

// Lower ranks are applied earlier: namespaces, CRDs, service accounts and RBAC, configuration,
// services, workloads, custom resources, API services, webhook configurations.
int apply_rank(const kubernetes::ObjectKey& key);

// Sorts by rank; objects of the same rank keep their order.
void sort_for_apply(std::vector<Document>& documents);

// Indexes into `applied`, in the order to undo: webhook configurations first, then the reverse of
// the order of application.
std::vector<std::size_t> undo_order(std::span<const kubernetes::ObjectKey> applied);

}  // namespace airlock::manifests
