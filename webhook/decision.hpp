// What each resource in a node's allocatable becomes, and what is recorded. A pure function: no
// clock, no files, no request text. It never changes capacity, which the kubelet computes from.
//
// raw_value.hpp decides which value is real, ratio_in_force.hpp by what it is multiplied. Of the
// two follows, by the first matching row:
//
//      the plan   real value   ratio in force   allocatable becomes      the record
//   1. restore    known        -                the real value (1)       is removed
//   2. restore    unknown      -                unchanged                is removed
//   3. other      unknown      -                unchanged                stays
//   4. other      known        none or 1        the real value (1)       is removed
//   5. other      known        r                real value x r           real value, r, ...
//   6. other      known, but the product is out of range                 as row 3
//
// (1) Only if there is a record; without one the webhook has changed nothing, and neither does it
//     now: a value that another client writes stays.
//
// Resources that the plan does not name, and those with a mistake in an annotation, keep their
// recorded ratio: only the kill switch, the disable label and a ratio of 1 bring values down.
// Whatever happens, the result is at most capacity x the ratio in force.
#pragma once

#include "webhook/node_plan.hpp"
#include "webhook/node_state.hpp"
#include "webhook/quantity.hpp"
#include "webhook/raw_value.hpp"
#include "webhook/text_pair.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

// What a request says about the resources of a node.
struct Observation {
    Writer writer = Writer::kubelet;
    std::span<const TextPair> allocatable;
    std::span<const TextPair> stored;  // allocatable of the stored node
    std::span<const TextPair> capacity;
    // The record of the stored node: its sender could have changed that of the request.
    // nullptr: it is malformed.
    const NodeState* state = nullptr;
};

struct ResourceDecision {
    std::string resource;
    RawRule rule = RawRule::unknown;
    SkipReason skip = SkipReason::none;
    bool foreign = false;  // another client than the kubelet changed the value
    Quantity before;       // in the request
    Quantity after;
    Quantity raw;  // the real value; if unknown, as `before`
    Ratio ratio;   // in force
    std::string source;

    bool changes() const { return before != after; }
};

struct Decision {
    std::vector<ResourceDecision> resources;  // sorted by name
    NodeState state;                          // the record to store on the node
    // The stored record is malformed and stays: without it, applied values would pass for real.
    bool keeps_record = false;

    bool oversold() const { return !state.resources.empty(); }
};

// Resources that are not in the request are not added.
Decision decide(const NodePlan& plan, const Observation& observation, std::string_view generation,
                std::chrono::sys_seconds now);

}  // namespace airlock::webhook
