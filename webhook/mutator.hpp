// From a review to its answer: policy, decision, patch, last check. A pure function of the request
// and the policy, so a dry run needs no case of its own and simulate() shows what the server would
// do.
//
// Never refuses a request, and patches nothing when in doubt: see Doubt.
#pragma once

#include "webhook/admission_review.hpp"
#include "webhook/decision.hpp"
#include "webhook/policy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

enum class Outcome {
    unchanged,   // nothing to do
    patched,     // allocatable or the state changed
    suppressed,  // patched, and the old times put back: the API server will skip the write
    restored,    // real values given back
    observed,    // what would be done was noted only
    ignored,     // not an update of nodes/status
    doubt,       // see Doubt
};
inline constexpr std::size_t kOutcomes = 7;
std::string_view to_string(Outcome outcome);

// Why a request was let pass untouched.
enum class Doubt {
    none,
    no_policy,
    unreadable_node,
    no_allocatable,
    state_annotation,
    ratio_annotation,
    unreadable_quantity,
    self_check,  // our own patch did not pass the last check: a bug, reported in the log
};
inline constexpr std::size_t kDoubts = 8;
std::string_view to_string(Doubt doubt);

struct Mutation {
    std::string answer;  // the AdmissionReview to send
    Outcome outcome = Outcome::unchanged;
    Doubt doubt = Doubt::none;
    std::string detail;  // why, for people
    std::string node;
    std::string patch;  // JSON text, empty for none
    bool dry_run = false;
    // Somebody other than the node's own kubelet changed the allocatable of a resource that is
    // oversold.
    bool foreign_change = false;
    std::vector<ResourceDecision> resources;
};

// Errc::invalid when `body` is no review at all; everything else is answered. `policy` may be
// nullptr.
Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy);

}  // namespace airlock::webhook
