// The order in which the objects of one component are applied, and in which they are undone.
// Decides by group and kind alone; components go one after another, so that a component's webhooks
// answer before the next one needs them.
#pragma once

#include "manifests/document.hpp"

#include <span>
#include <vector>

namespace airlock::manifests {

// MutatingWebhookConfiguration or ValidatingWebhookConfiguration of admissionregistration.k8s.io.
bool is_webhook_configuration(const kubernetes::ObjectKey& key);
// apiregistration.k8s.io
bool is_api_service(const kubernetes::ObjectKey& key);

// Lower is applied earlier: namespaces, definitions, accounts and rights, configuration, services,
// workloads, custom resources, API services, webhook configurations.
int apply_rank(const kubernetes::ObjectKey& key);

// By rank; objects of one rank keep their order.
void sort_for_apply(std::vector<Document>& documents);

// Positions in `applied`, in the order to undo: webhook configurations first, then the reverse of
// how they were applied.
std::vector<std::size_t> undo_order(std::span<const kubernetes::ObjectKey> applied);

}  // namespace airlock::manifests
