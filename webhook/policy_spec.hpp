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
//       disabled: false            # true: as if the pool were not there
//   maxRatio: {cpu: "4"}           # limits: a ratio in this file must be within them, one in a
//   minRatio: {cpu: "1"}           # node annotation is adjusted to them
//   ramp: {up: 0.1 per 10m, down: 0.1 per 10m}   # how fast ratios move; absent: at once
//   floor: requests                # or none: whether node-oversell/requested stops a fall
//   foreignWrites: ignore          # or accept: see raw_value.hpp
#pragma once

#include "webhook/ramp.hpp"
#include "webhook/ratios.hpp"
#include "webhook/raw_value.hpp"
#include "webhook/selector.hpp"

#include <cstdint>
#include <optional>
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
    MaxRatios max_ratios;
    Ratios min_ratios;
    std::optional<Ramp> ramp;
    bool floor_at_requests = true;
    ForeignWrites foreign_writes = ForeignWrites::ignore;
};

}  // namespace airlock::webhook
