// Restores the values of a node webhook after an outage. A heartbeat during the outage stores the
// kubelet's own values; the kubelet then has nothing new to report for up to 5 minutes
// (nodeStatusReportFrequency), so the webhook is not called. This watches for such nodes and sends
// each an empty status patch. It never writes anything else.
#pragma once

#include "kubernetes/client.hpp"

#include <map>
#include <stop_token>
#include <string>

namespace airlock::controller {

class NodeResync {
  public:
    NodeResync(kubernetes::Client& client, std::string annotation)
        : client_(client), annotation_(std::move(annotation)) {}

    // Runs until `stop`. Retries while the API server is unavailable; throws Errc::denied.
    void run(const std::stop_token& stop);

    // The steps of run(): observe() tracks a node, resync() patches the stale ones. The first patch
    // without effect ends the round, because the webhook is unavailable. Nodes that were patched
    // least often come first, because a patch never helps some of them (a label excludes them).
    void observe(const base::Json& node);
    void resync();

  private:
    kubernetes::Client& client_;
    std::string annotation_;
    std::map<std::string, unsigned> stale_;  // patches by node
};

}  // namespace airlock::controller
