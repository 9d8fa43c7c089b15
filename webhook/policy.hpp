// What the operator wants of the nodes: which resources are oversold, by how much, where, and in
// which mode. Read from the ConfigMap's YAML; a mistake in it is one error that lists every finding
// with its line. A Policy never changes after it was read, so threads share one.
//
//   apiVersion: oversell.airlock.dev/v1
//   kind: Policy
//   mode: enforce                        # or observe, or "canary: 10%" (quoted, or as a mapping)
//   killSwitch: false                    # true gives every node its real values back
//   suppressHeartbeats: true             # see heartbeat.hpp
//   resources: [cpu, memory]             # what may be oversold at all; this is the default
//   default: {ratios: {cpu: "2.0", memory: "1.5"}}
//   pools:                               # the first whose selector matches counts
//     - name: batch
//       selector: {matchLabels: {pool: batch}, matchExpressions: [{key: gpu, operator:
//       DoesNotExist}]} ratios: {cpu: "3"}               # what it does not name is taken from
//       default
//   maxRatio: {cpu: "4"}                 # caps and floors for the annotation node-oversell/ratio
//   of a node minRatio: {cpu: "1"}
#pragma once

#include "webhook/ratio.hpp"
#include "webhook/selector.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct ResourceRatio {
    std::string resource;
    Ratio ratio;
};
using Ratios = std::vector<ResourceRatio>;  // a handful, sorted by resource

struct Pool {
    std::string name;
    Selector selector;
    Ratios ratios;
};

struct PlannedRatio {
    std::string_view resource;
    Ratio ratio;
    std::string source;  // "default", "pool NAME" or "node"
};

// What the policy wants of one node. Views live as long as the policy.
struct NodePlan {
    enum class Action {
        oversell,  // put the ratios in force
        restore,   // give the real values back
        observe,   // say what would be done, change nothing
        leave,     // the node's own annotation cannot be read: change nothing
    };
    Action action = Action::oversell;
    std::string_view reason = "policy";  // why, in a word or two: for people and audit logs
    std::vector<PlannedRatio> ratios;    // sorted by resource; for observe, those of enforce
    std::string problem;                 // of the ratio annotation
};

class Policy {
  public:
    enum class Mode { observe, canary, enforce };
    static constexpr std::size_t kMaxFile = 256 * 1024;

    // Errc::usage, with the name of the file and each finding's line.
    static Policy parse(std::string_view yaml, std::string_view file_name);

    NodePlan plan_for(std::string_view node, std::span<const TextPair> labels,
                      std::span<const TextPair> annotations) const;

    Mode mode() const { return mode_; }
    bool kill_switch() const { return kill_switch_; }
    bool suppress_heartbeats() const { return suppress_heartbeats_; }
    // The first eight hex digits of the text's sha256: equal on every replica that read the same
    // file.
    const std::string& generation() const { return generation_; }

  private:
    friend class PolicyReader;

    bool allows(std::string_view resource) const;

    Mode mode_ = Mode::enforce;
    std::uint32_t canary_percent_ = 100;
    bool kill_switch_ = false;
    bool suppress_heartbeats_ = true;
    std::vector<std::string> resources_{"cpu", "memory"};
    Ratios defaults_;
    std::vector<Pool> pools_;
    Ratios max_;
    Ratios min_;
    std::string generation_;
};

// Whether `node` is among the first `percent` of all names: FNV-1a, the same on every replica and
// forever.
bool in_canary(std::string_view node, std::uint32_t percent);

}  // namespace airlock::webhook
