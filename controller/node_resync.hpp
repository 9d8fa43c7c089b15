// Restores the values of a node webhook after an outage. A heartbeat during the outage stores the
// kubelet's own values; the kubelet then has nothing new to report for up to 5 minutes
// (nodeStatusReportFrequency), so the webhook is not called. This watches for such nodes and sends
// each an empty status patch. It never writes anything else.
//
// One node whose patch is refused delays no other.
#pragma once

#include "controller/rate_limit.hpp"
#include "kubernetes/client.hpp"

#include <cstddef>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::controller {

struct ResyncOptions {
    std::string annotation;                               // in which the webhook records its values
    std::string disable_label = "node-oversell/disable";  // "true": the webhook is not called
    unsigned qps = 200;                                   // patches per second
    std::size_t threads = 8;                              // patches at a time
};

class NodeResync {
  public:
    NodeResync(kubernetes::Client& client, ResyncOptions options)
        : client_(client), options_(std::move(options)), limit_(options_.qps) {}

    // Runs until `stop`. Retries while the API server is unavailable; throws Errc::denied when
    // nodes cannot be listed or watched.
    void run(const std::stop_token& stop);

    // The steps of run(): observe() tracks a node, resync() patches the stale ones, first one by
    // one, until a patch has an effect, then in parallel. A patch without an effect before that
    // ends the round, because the webhook is unavailable. Nodes that were patched least often come
    // first, because a patch never helps some of them (a label excludes them).
    void observe(const base::Json& node);
    void resync(const std::stop_token& stop);

  private:
    enum class Result {
        restored,
        gone,
        without_effect,
        refused,  // for example by another webhook; the reason is logged
    };
    Result patch(const std::string& name);
    void settle(const std::string& name, Result result);
    std::vector<std::string> least_patched_first() const;

    kubernetes::Client& client_;
    ResyncOptions options_;
    RateLimit limit_;
    std::map<std::string, unsigned> stale_;  // patches by node
};

}  // namespace airlock::controller
