// The decision table: what each resource of a node's allocatable becomes. Pure: no clock, no files,
// no text of requests. It never compounds, because a value that we wrote ourselves is known by the
// record on the node, and never touches capacity, from which the kubelet computes.
//
// Per resource, first match wins (N: value in the request, C: capacity, R and A: recorded real and
// applied value):
//   1. not to be oversold: N is one of A -> N becomes R; the record goes
//   2. N is one of the last A            -> the real value is R; unless R > C: left alone
//   3. N > C, which no kubelet reports   -> the real value is R if known, else left alone
//   ("implausible")
//   4. otherwise                         -> the real value is N
#pragma once

#include "webhook/node_plan.hpp"
#include "webhook/node_state.hpp"
#include "webhook/quantity.hpp"
#include "webhook/text_pair.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

enum class Rule { restore, keep, ours, above_capacity, fresh, implausible, unreadable };
std::string_view to_string(Rule rule);

struct ResourceDecision {
    std::string resource;
    Rule rule = Rule::keep;
    Quantity before;  // as the request has it
    Quantity after;
    Quantity raw;  // the real value, as far as known
    Ratio ratio;
    std::string source;

    bool changes() const { return before != after; }
};

struct Decision {
    std::vector<ResourceDecision> resources;
    NodeState state;  // the record to be stored

    bool oversold() const { return !state.resources.empty(); }
};

// `allocatable` and `capacity` are the request's, `state` is the stored node's (never the
// request's: whoever sends it could have changed it). Resources the request does not have are not
// invented. For action restore the plan has no ratios; for observe the answer is what enforce would
// do; for leave nobody asks.
Decision decide(const NodePlan& plan, std::span<const TextPair> allocatable,
                std::span<const TextPair> capacity, const NodeState& state,
                std::string_view generation);

}  // namespace airlock::webhook
