// Lets a node webhook act on every node at once.
#pragma once

#include "kubernetes/client.hpp"

#include <stop_token>
#include <string>

namespace airlock::installer {

// An empty status patch to every node: admission runs, so that a ratio applies or goes within a
// second rather than at the kubelet's next full report. API servers hear of a new webhook a moment
// late: nodes without `annotation`, or stale, are patched again for a few seconds. Those that
// remain so, by a label or the policy, are no failure; they are logged. An empty annotation is not
// waited for.
void resync_nodes(kubernetes::Client& client, const std::string& annotation,
                  const std::stop_token& stop);

}  // namespace airlock::installer
