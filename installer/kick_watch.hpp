// Keeps what a node webhook does in force without a hand. A heartbeat that passes while the webhook
// is away stores the kubelet's own values; the kubelet then has nothing new to say for up to 5
// minutes (nodeStatusReportFrequency), and nobody asks the webhook again. So somebody watches for
// nodes in that state and kicks them: an empty status patch. It never writes anything else.
#pragma once

#include "installer/kube_client.hpp"

#include <deque>
#include <stop_token>
#include <string>

namespace airlock::installer {

// Whether the node's allocatable is another than its record in `annotation` says. The record is
// what docs/bundle-format.md asks of a state annotation; anything else is never stale.
bool is_stale(const Json& node, const std::string& annotation);

class KickWatch {
  public:
    KickWatch(KubeClient& client, std::string annotation)
        : client_(client), annotation_(std::move(annotation)) {}

    // Until `stop`. An API server that is away is waited for; Errc::denied comes through.
    void run(const std::stop_token& stop);

    // Of `run`: what is seen of a node, and a round of kicks. A round ends at the first node that a
    // kick does not help: while the webhook is away one patch each round speaks for all nodes.
    void see(const Json& node);
    void kick();

  private:
    KubeClient& client_;
    std::string annotation_;
    std::deque<std::string> stale_;
};

}  // namespace airlock::installer
