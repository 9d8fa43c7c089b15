// Every node's allocatable before an install, and putting it back.
#pragma once

#include "installer/record/generation.hpp"
#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

std::vector<NodeBefore> read_nodes(kubernetes::Client& client);

// Removes the annotation, and puts the allocatable of the snapshot back where it differs: the
// kubelet corrects it at its next heartbeat if the machine has changed since. REQUIRES: the webhook
// is not called any more.
void restore_node(kubernetes::Client& client, const NodeBefore& before,
                  const std::string& annotation);

}  // namespace airlock::installer
