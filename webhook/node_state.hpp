// What the webhook remembers of a node, kept on the node itself in the annotation
// node-oversell/state: each resource's real value, the last values put in its place, and why. So
// any replica, after any outage, tells a real value from one of ours. Never kept anywhere else.
//
//   {"v":1,"generation":"3f2a91c0","resources":{"cpu":{"raw":"2","applied":["4"],"ratio":"2","source":"default"}}}
//
// An emptied state is the empty string: answers carry only "add" operations, because a "remove" of
// something that is already gone makes the API server refuse the heartbeat whatever failurePolicy
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
    static constexpr std::size_t kRing = 4;

    std::string name;
    Quantity raw;
    std::vector<Quantity> applied;  // newest first, at most kRing
    Ratio ratio;
    std::string source;  // "default", "pool NAME" or "node"

    bool was_applied(const Quantity& value) const;
    // Puts `value` in front unless it is there already.
    void remember(const Quantity& value);
    friend bool operator==(const ResourceState&, const ResourceState&) = default;
};

struct NodeState {
    std::string generation;  // of the policy these values were set under
    std::vector<ResourceState> resources;

    const ResourceState* find(std::string_view name) const;
    std::string text() const;  // empty without resources
    // Absent for anything that text() does not write; the empty string is an empty state.
    static std::optional<NodeState> parse(std::string_view text);
};

}  // namespace airlock::webhook
