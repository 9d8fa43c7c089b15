// From a review to its answer: policy, decision, patch, final check. A pure function of the request
// and the policy, so that dry runs need no special case and simulate() shows what the server does.
//
// Never denies a request. Nodes that it cannot handle safely are skipped: see SkipReason.
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
    suppressed,  // patched, with the stored heartbeat times: the API server will skip the write
    restored,    // the real values are back
    observed,    // observe mode: reported what would change
    ignored,     // not an update of nodes/status
    skipped,     // passed unchanged, see SkipReason
};
inline constexpr std::size_t kOutcomes = 7;
std::string_view to_string(Outcome outcome);

// Why a request is passed unchanged.
enum class SkipReason {
    none,
    no_policy,
    unreadable_node,
    no_allocatable,
    state_annotation,
    ratio_annotation,
    unreadable_quantity,
    self_check,  // the patch did not pass the final check: a bug, reported in the log
};
inline constexpr std::size_t kSkipReasons = 8;
std::string_view to_string(SkipReason skip_reason);

struct Mutation {
    std::string answer;  // the AdmissionReview to send
    Outcome outcome = Outcome::unchanged;
    SkipReason skip_reason = SkipReason::none;
    std::string detail;  // why, for logs and audit annotations
    std::string node;
    std::string patch;  // JSON text; empty for none
    bool dry_run = false;
    // A client other than the node's kubelet changed the allocatable of an oversold resource.
    bool foreign_change = false;
    std::vector<ResourceDecision> resources;
};

// Errc::invalid when `body` is not a review; everything else is answered. `policy` may be nullptr.
Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy);

}  // namespace airlock::webhook
