// Makes the node webhook act on every node immediately. Never changes a node itself.
#pragma once

#include "kubernetes/client.hpp"

#include <stop_token>
#include <string>

namespace airlock::installer {

// Sends an empty status patch to every node, so that admission runs now rather than at the
// kubelet's next full report. API servers take a moment to call a new webhook, so nodes without
// `annotation`, or stale ones, are patched again for a few seconds. Nodes that remain so, because
// of a label or the policy, are logged and are not an error. With an empty `annotation`, each node
// is patched once.
void resync_nodes(kubernetes::Client& client, const std::string& annotation,
                  const std::stop_token& stop);

}  // namespace airlock::installer
