// Keeps a node webhook's values in force after an outage. A heartbeat that passes while the webhook
// is away stores the kubelet's own values; the kubelet then has nothing new to report for up to 5
// minutes (nodeStatusReportFrequency), so nothing calls the webhook. This watches for such nodes
// and sends each an empty status patch. It never writes anything else.
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

    // Until `stop`. An API server that is away is waited for; Errc::denied comes through.
    void run(const std::stop_token& stop);

    // Steps of run(): notes the state of a node, and patches the stale ones. The first patch that
    // changes nothing ends the round: the webhook is away. Nodes that were patched least come
    // first, because some are never helped by it (a label keeps the webhook from them).
    void observe(const base::Json& node);
    void resync();

  private:
    kubernetes::Client& client_;
    std::string annotation_;
    std::map<std::string, unsigned> stale_;  // by node: how often it was patched
};

}  // namespace airlock::controller
