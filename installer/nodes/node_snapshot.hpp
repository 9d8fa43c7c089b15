// Records the allocatable of every node before an install, and restores it.
#pragma once

#include "installer/record/generation.hpp"
#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

std::vector<NodeBefore> read_nodes(kubernetes::Client& client);

// Removes the annotation and restores allocatable where it differs from the snapshot. If the
// machine has changed since, the kubelet corrects it at its next heartbeat. Never touches a node
// without the annotation. REQUIRES: the webhook is no longer called.
void restore_node(kubernetes::Client& client, const NodeBefore& before,
                  const std::string& annotation);

}  // namespace airlock::installer
