// What installing a node webhook does to nodes themselves.
#pragma once

#include "installer/generation.hpp"
#include "installer/kube_client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

ObjectKey node_key(const std::string& name);
std::vector<NodeBefore> read_nodes(KubeClient& client);
// Whether the node's allocatable is another than its record in `annotation` says. The record is
// what docs/bundle-format.md asks of a state annotation; anything else is never stale.
bool is_stale(const Json& node, const std::string& annotation);

// An empty status patch to every node: admission runs, so that a ratio applies or goes within a
// second rather than at the kubelet's next full report. API servers hear of a new webhook a moment
// late: nodes without `annotation`, or stale, are patched again for a few seconds. Those that
// remain so, by a label or the policy, are no failure; they are logged. An empty annotation is not
// waited for.
void kick_nodes(KubeClient& client, const std::string& annotation, const std::stop_token& stop);
// Takes the annotation off, and puts the allocatable of the snapshot back where it differs: the
// kubelet corrects it at its next heartbeat if the machine has changed since. REQUIRES: the webhook
// is not called any more.
void restore_node(KubeClient& client, const NodeBefore& before, const std::string& annotation);

}  // namespace airlock::installer
