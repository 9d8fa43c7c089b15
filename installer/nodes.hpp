// What installing a node webhook does to nodes themselves.
#pragma once

#include "installer/generation.hpp"
#include "installer/kube_client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

// Whether undoing `generation` takes the node webhook out of the cluster.
bool takes_oversell_away(const Generation& generation);

std::vector<NodeBefore> read_nodes(KubeClient& client);
// An empty status patch to every node: admission runs, so that a ratio applies or goes within a
// second rather than at the kubelet's next full report. API servers hear of a new webhook a moment
// late: nodes without `annotation` are patched again for a few seconds. Those that still have none,
// by a label or the policy, are no failure; they are logged. An empty annotation is not waited for.
void kick_nodes(KubeClient& client, const std::string& annotation, const std::stop_token& stop);
// Takes the annotation off, and puts the allocatable of the snapshot back where it differs: the
// kubelet corrects it at its next heartbeat if the machine has changed since. REQUIRES: the webhook
// is not called any more.
void restore_node(KubeClient& client, const NodeBefore& before, const std::string& annotation);

}  // namespace airlock::installer
