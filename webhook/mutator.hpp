// From a review to its answer: policy, decision, patch, final check. A pure function of the request
// and the policy, except for the age of heartbeats that are not stored; simulate() shows what the
// server does.
//
// Never denies a request. Nodes that it cannot handle safely are skipped: see SkipReason.
#pragma once

#include "webhook/admission_review.hpp"
#include "webhook/decision.hpp"
#include "webhook/policy.hpp"
#include "webhook/report_intervals.hpp"
#include "webhook/skip_reason.hpp"

#include <chrono>
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
    skipped,     // passed unchanged, see SkipReason; resources are skipped one by one
};
inline constexpr std::size_t kOutcomes = 7;
std::string_view to_string(Outcome outcome);

struct Mutation {
    std::string answer;  // the AdmissionReview to send
    Outcome outcome = Outcome::unchanged;
    SkipReason skip_reason = SkipReason::none;  // of the request; those of resources are below
    // Why, for logs and audit annotations; empty where neither is written, but for dry runs.
    std::string detail;
    std::string node;
    std::string patch;  // JSON text; empty for none
    bool dry_run = false;
    std::vector<ResourceDecision> resources;

    // Of the request, or of the first resource that was skipped.
    SkipReason first_skip_reason() const;
};

// Errc::invalid when `body` is not a review; everything else is answered. `policy` may be nullptr.
// The clock is for the ramp, and for forgetting intervals. Without `intervals`, heartbeats may be
// kMaxHeartbeatAge old.
Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy,
                std::chrono::sys_seconds now, ReportIntervals* intervals = nullptr);

}  // namespace airlock::webhook
