// What the webhook records about a node, in the node's annotation node-oversell/state: the real
// value of each resource, the last values that replaced it, and why. With it any replica, after any
// outage, distinguishes real values from applied ones. It is stored nowhere else.
//
//   {"v":1,"generation":"3f2a91c0","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"default"}}}
//
// An empty state is the empty string: patches contain only "add" operations, because a "remove" of
// something that no longer exists makes the API server deny the heartbeat, whatever failurePolicy
// says.
#pragma once

#include "webhook/quantity.hpp"
#include "webhook/ratio.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

inline constexpr std::string_view kStateAnnotation = "node-oversell/state";

struct ResourceState {
    static constexpr std::size_t kMaxApplied = 4;

    std::string name;
    Quantity raw;
    std::vector<Quantity> applied;  // newest first, at most kMaxApplied
    Ratio ratio;
    std::string source;  // "default", "pool NAME" or "node"

    bool was_applied(const Quantity& value) const;
    // Makes `value` the newest applied value.
    void remember(const Quantity& value);
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
