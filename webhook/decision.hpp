// The decision table: what each resource in a node's allocatable becomes. A pure function: no
// clock, no files, no request text. It never multiplies a value twice, because the values that the
// webhook applied are recorded on the node. It never changes capacity, which the kubelet computes
// from.
//
// For each resource the first matching row applies. N is the value in the request, C the capacity,
// R the recorded real value, and A are the recorded applied values.
//
//      when                                      then
//   1. not to be oversold, and N is one of A     allocatable becomes R, and the record is removed
//   2. not to be oversold otherwise              unchanged, and the record is removed
//   3. N is one of A                             the real value is R
//   4. N > C, which no kubelet reports           the real value is R
//   5. otherwise                                 the real value is N
//
// Rows 3 to 5 set allocatable to the real value times the ratio. The value is implausible, and is
// left unchanged with its record, if R > C in row 3 or 4, without R in row 4, or without C in row 4
// or 5.
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

enum class Rule {
    restore,          // row 1
    keep,             // row 2
    already_applied,  // row 3
    above_capacity,   // row 4
    reported,         // row 5
    implausible,      // the real value is unknown
    unreadable,       // not a quantity, or the product is out of range
};
std::string_view to_string(Rule rule);

struct ResourceDecision {
    std::string resource;
    Rule rule = Rule::keep;
    Quantity before;  // in the request
    Quantity after;
    Quantity raw;  // the real value, if known
    Ratio ratio;
    std::string source;

    bool changes() const { return before != after; }
};

struct Decision {
    std::vector<ResourceDecision> resources;
    NodeState state;  // the record to store on the node

    bool oversold() const { return !state.resources.empty(); }
};

// `allocatable` and `capacity` are those of the request; `state` is that of the stored node,
// because the client could have changed it in the request. Resources that are not in the request
// are not added. For action restore the plan has no ratios; for observe the decision is that of
// enforce; for skip it is not called.
Decision decide(const NodePlan& plan, std::span<const TextPair> allocatable,
                std::span<const TextPair> capacity, const NodeState& state,
                std::string_view generation);

}  // namespace airlock::webhook
