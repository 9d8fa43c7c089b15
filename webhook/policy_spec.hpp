// The content of a policy file, as read and not yet applied to a node. docs/policy.md describes
// every field:
//
//   apiVersion: oversell.airlock.dev/v1
//   kind: Policy
//   mode: enforce                  # or observe, or {canary: 10%}
//   killSwitch: false              # true restores the real values of every node
//   suppressHeartbeats: true       # see heartbeat.hpp
//   resources: [cpu, memory]       # the resources that may be oversold
//   default:
//     ratios: {cpu: "2.0", memory: "1.5"}
//   pools:                         # the first pool whose selector matches the node is used
//     - name: batch
//       selector:
//         matchLabels: {pool: batch}
//         matchExpressions: [{key: gpu, operator: DoesNotExist}]
//       ratios: {cpu: "3"}         # other resources use the default
//   maxRatio: {cpu: "4"}           # limits: a ratio in this file must be within them, one in a
//   minRatio: {cpu: "1"}           # node annotation is adjusted to them
#pragma once

#include "webhook/ratios.hpp"
#include "webhook/selector.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace airlock::webhook {

struct Pool {
    std::string name;
    Selector selector;
    Ratios ratios;
};

struct PolicySpec {
    enum class Mode { observe, canary, enforce };

    Mode mode = Mode::enforce;
    std::uint32_t canary_percent = 100;
    bool kill_switch = false;
    bool suppress_heartbeats = true;
    std::vector<std::string> resources{"cpu", "memory"};
    Ratios default_ratios;
    std::vector<Pool> pools;
    Ratios max_ratios;
    Ratios min_ratios;
};

}  // namespace airlock::webhook
