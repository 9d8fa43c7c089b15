// Keeps what a node webhook does in force without a hand. A heartbeat that passes while the webhook
// is away stores the kubelet's own values; the kubelet then has nothing new to say for up to 5
// minutes (nodeStatusReportFrequency), and nobody asks the webhook again. So somebody watches for
// nodes in that state and kicks them: an empty status patch. It never writes anything else.
#pragma once

#include "installer/kube_client.hpp"

#include <map>
#include <stop_token>
#include <string>

namespace airlock::installer {

class KickWatch {
  public:
    KickWatch(KubeClient& client, std::string annotation)
        : client_(client), annotation_(std::move(annotation)) {}

    // Until `stop`. An API server that is away is waited for; Errc::denied comes through.
    void run(const std::stop_token& stop);

    // Of `run`: what is seen of a node, and a round of kicks. While no kick helps one speaks for
    // all nodes: the webhook is away. Those that were kicked least come first, because there are
    // nodes that no kick ever helps (a label keeps the webhook from them).
    void see(const Json& node);
    void kick();

  private:
    KubeClient& client_;
    std::string annotation_;
    std::map<std::string, unsigned> stale_;  // how often each was kicked
};

}  // namespace airlock::installer
