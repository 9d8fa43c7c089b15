// What the webhook records about a node, in the node's annotation node-oversell/state: the real
// value of each resource, the value that was stored in its place, the capacity that both belong to,
// and why. With it any replica, after any outage, distinguishes real values from applied ones. It
// is stored nowhere else.
//
//   {"v":2,"generation":"3f2a91c0","resources":{"cpu":
//     {"raw":"2","applied":"4","capacity":"2","ratio":"2","source":"default"}}}
//
// and, where a ramp moved the ratio, "stepped":"2026-11-24T18:00:00Z". Version 1 is read too: it
// has no capacity, and in "applied" a list with the latest value first.
//
// An empty state is the empty string: patches contain only "add" operations, because a "remove" of
// something that no longer exists makes the API server deny the heartbeat, whatever failurePolicy
// says.
#pragma once

#include "webhook/quantity.hpp"
#include "webhook/ratio.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

inline constexpr std::string_view kStateAnnotation = "node-oversell/state";

struct ResourceState {
    std::string name;
    Quantity raw;
    Quantity applied;
    std::optional<Quantity> capacity;  // absent in version 1
    Ratio ratio;
    std::string source;                               // "default", "pool NAME" or "node"
    std::optional<std::chrono::sys_seconds> stepped;  // when a ramp last moved the ratio

    friend bool operator==(const ResourceState&, const ResourceState&) = default;
};

struct NodeState {
    std::string generation;  // of the policy that set these values
    std::vector<ResourceState> resources;

    const ResourceState* find(std::string_view name) const;
    std::string text() const;  // empty if there are no resources
    // Absent for anything that text() could not have written; the empty string is an empty state.
    static std::optional<NodeState> parse(std::string_view text);
};

}  // namespace airlock::webhook
