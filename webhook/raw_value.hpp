// Which value of a resource is the real one: what the kubelet computed, not what the webhook
// stored in its place. A pure function: who wrote and what changed decides. That a value equals
// one that was applied before proves nothing, because real values coincide with applied ones
// whenever a machine is resized or a reservation changes.
//
// N is the value in the request, S the stored one, C the capacity in the request; R, A and Cr are
// the recorded raw value, applied value and capacity. The first matching row applies.
//
//      writer   condition           the real value is
//   1. any      C is absent         unknown
//   2. kubelet  N != S, N <= C      N: the kubelet computed it
//   3. kubelet  N = S, C != Cr,     N: it reports anew, and its value equals the stored one
//               N <= C
//   4. other    N != S              with foreignWrites ignore: as if the request left S in place
//                                   (rows 5 and 6); with accept: N, as in row 6
//   5. any      N = S = A           R: the webhook stored it
//   6. any      otherwise           N if N <= C: stored while the webhook was away. Above capacity
//                                   it is no real value: R, or unknown without a record
//
// A kubelet sends only what differs from the node that it read. Its value is therefore absent from
// the request, and N = S, exactly when it equals what it read. If it read a stale node, row 3 can
// be wrong until its next report, 10 s later, which differs from S.
//
// A malformed record gives neither R nor A: rows 5 and 6 are then unknown for N = S.
// The result is never greater than C: R is limited to it.
#pragma once

#include "webhook/node_state.hpp"
#include "webhook/quantity.hpp"

#include <optional>
#include <string_view>

namespace airlock::webhook {

enum class Writer {
    kubelet,  // the node's own
    other,
};

// Policy field foreignWrites: what becomes of values that another client than the kubelet writes.
enum class ForeignWrites { ignore, accept };

enum class RawRule {
    reported,     // row 2
    coincides,    // row 3
    recorded,     // row 5
    unrecorded,   // row 6, N
    implausible,  // row 6, R or unknown
    unknown,      // row 1, or the record is malformed
};
std::string_view to_string(RawRule rule);

struct RawInputs {
    Writer writer = Writer::kubelet;
    ForeignWrites foreign_writes = ForeignWrites::ignore;
    Quantity now;
    std::optional<Quantity> stored;  // absent: the resource is new
    std::optional<Quantity> capacity;
    const ResourceState* record = nullptr;
    bool malformed_record = false;  // there is one, and it cannot be read
};

struct RawValue {
    RawRule rule = RawRule::unknown;
    std::optional<Quantity> value;  // absent: unknown
    bool foreign = false;           // another client than the kubelet changed the value (row 4)
};

RawValue find_raw(const RawInputs& in);

}  // namespace airlock::webhook
