#include "webhook/mutator.hpp"

#include "webhook/heartbeat.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/patch_check.hpp"
#include "webhook/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::webhook {
namespace {

constexpr std::string_view kAllocatablePath = "/status/allocatable/";

Mutation skipped(Mutation mutation, SkipReason reason, std::string detail) {
    mutation.outcome = Outcome::skipped;
    mutation.skip_reason = reason;
    mutation.detail = std::move(detail);
    return mutation;
}

const std::string* new_text(const std::vector<std::pair<std::string_view, std::string>>& changes,
                            std::string_view resource) {
    const auto at = std::find_if(changes.begin(), changes.end(),
                                 [&](const auto& change) { return change.first == resource; });
    return at == changes.end() ? nullptr : &at->second;
}

struct Draft {
    std::vector<std::pair<std::string_view, std::string>> changes;  // of allocatable
    std::string state;
    bool writes_state = false;
};

Draft draft_of(const NodeView& now, const Decision& decision) {
    Draft draft;
    for (const auto& resource : decision.resources) {
        if (resource.changes())
            draft.changes.emplace_back(resource.resource, resource.after.text());
    }
    if (decision.keeps_record) return draft;
    draft.state = decision.state.text();
    const auto* present = find_value(now.annotations, kStateAnnotation);
    draft.writes_state = present == nullptr ? !draft.state.empty() : *present != draft.state;
    return draft;
}

// Whether allocatable and annotations, once patched, equal those of the stored Node byte for byte.
bool equals_stored(const NodeView& now, const NodeView& stored, const Draft& draft) {
    if (now.allocatable.size() != stored.allocatable.size() ||
        now.annotations.size() != stored.annotations.size() ||
        (draft.writes_state && find_value(now.annotations, kStateAnnotation) == nullptr)) {
        return false;
    }
    for (std::size_t i = 0; i < now.allocatable.size(); ++i) {
        const auto& [resource, text] = now.allocatable[i];
        const auto* changed = new_text(draft.changes, resource);
        if (resource != stored.allocatable[i].first ||
            (changed != nullptr ? std::string_view(*changed) : text) !=
                stored.allocatable[i].second) {
            return false;
        }
    }
    for (std::size_t i = 0; i < now.annotations.size(); ++i) {
        const auto& [key, text] = now.annotations[i];
        const bool state = draft.writes_state && key == kStateAnnotation;
        if (key != stored.annotations[i].first ||
            (state ? std::string_view(draft.state) : text) != stored.annotations[i].second) {
            return false;
        }
    }
    return true;
}

JsonPatch patch_of(const NodeView& now, const Draft& draft, const std::vector<StoredTime>& times) {
    JsonPatch patch;
    for (const auto& [resource, text] : draft.changes) {
        patch.add_string(std::string(kAllocatablePath) + pointer_part(resource), text);
    }
    if (draft.writes_state) {
        if (!now.has_annotations) patch.add_empty_object("/metadata/annotations");
        patch.add_string("/metadata/annotations/" + pointer_part(kStateAnnotation), draft.state);
    }
    for (const auto& time : times) {
        patch.add_string(fmt::format("/status/conditions/{}/lastHeartbeatTime", time.condition),
                         time.value);
    }
    return patch;
}

// What the final check holds the patch to.
std::vector<RatioLimit> limits_of(const std::vector<ResourceDecision>& resources) {
    std::vector<RatioLimit> limits;
    for (const auto& resource : resources)
        limits.push_back({.resource = resource.resource, .ratio = resource.ratio});
    return limits;
}

// "cpu 2 -> 4 (x2, default); memory unchanged (implausible)"
std::string describe(const Decision& decision) {
    std::string text;
    const auto out = std::back_inserter(text);
    for (const auto& resource : decision.resources) {
        if (resource.skip == SkipReason::none && resource.source.empty() && !resource.changes())
            continue;
        if (!text.empty()) text += "; ";
        fmt::format_to(out, "{} ", resource.resource);
        if (!resource.source.empty()) {
            fmt::format_to(out, "{} -> {} (x{}, {})", resource.raw.text(), resource.after.text(),
                           resource.ratio.text(), resource.source);
        } else if (resource.changes()) {
            fmt::format_to(out, "{}", resource.after.text());
        } else {
            text += "unchanged";
        }
        if (resource.skip != SkipReason::none)
            fmt::format_to(out, " ({})", to_string(resource.skip));
    }
    return text;
}

void add_detail(std::string& detail, std::string_view more) {
    if (more.empty()) return;
    if (!detail.empty()) detail += "; ";
    detail += more;
}

std::string detail_of(const NodePlan& plan, const Decision& decision, const Observation& observed,
                      std::string_view generation, std::chrono::sys_seconds now) {
    std::string detail;
    if (plan.action != NodePlan::Action::oversell) detail = plan.reason;
    if (plan.action == NodePlan::Action::observe) {
        auto enforced = plan;
        enforced.action = NodePlan::Action::oversell;
        const auto would = describe(decide(enforced, observed, generation, now));
        if (!would.empty()) add_detail(detail, "would apply " + would);
    }
    if (plan.action != NodePlan::Action::restore) add_detail(detail, describe(decision));
    add_detail(detail, plan.problem);
    if (decision.keeps_record) {
        add_detail(detail,
                   fmt::format("annotation {} is malformed; if it stays so, remove it: kubectl "
                               "annotate node NODE {}-",
                               kStateAnnotation, kStateAnnotation));
    }
    return detail;
}

std::chrono::seconds max_heartbeat_age(const Review& review, std::chrono::sys_seconds now,
                                       ReportIntervals* intervals) {
    if (intervals == nullptr || review.dry_run) return kMaxHeartbeatAge;
    return intervals->record(review.now.name, *heartbeat_time(review.now), now);
}

// The stored heartbeat times to put back into a report of the node's own kubelet that changes
// nothing else.
std::vector<StoredTime> times_to_restore(const Review& review, const Decision& decision,
                                         const Draft& draft, std::chrono::seconds max_age) {
    if (!decision.oversold() || !equals_stored(review.now, review.stored, draft)) return {};
    return heartbeat_times_to_restore(review.now, review.stored, max_age)
        .value_or(std::vector<StoredTime>());
}

Outcome outcome_of(const NodePlan& plan, const JsonPatch& patch,
                   const std::vector<StoredTime>& times) {
    using Action = NodePlan::Action;
    if (patch.empty())
        return plan.action == Action::observe ? Outcome::observed : Outcome::unchanged;
    if (plan.action == Action::restore) return Outcome::restored;
    return times.empty() ? Outcome::patched : Outcome::suppressed;
}

// Written where something changes or is skipped, and not for the heartbeats that are as usual:
// at 5,000 nodes those would be 10 GB of audit log a day.
bool is_worth_an_audit(const Mutation& mutation) {
    return mutation.first_skip_reason() != SkipReason::none ||
           mutation.outcome == Outcome::patched || mutation.outcome == Outcome::restored ||
           mutation.outcome == Outcome::observed;
}

Mutation decide_review(const Review& review, const Policy* policy, std::chrono::sys_seconds now,
                       ReportIntervals* intervals) {
    Mutation mutation;
    mutation.node = review.now.name.empty() ? review.name : review.now.name;
    mutation.dry_run = review.dry_run;
    if (!review.is_node_status_update()) {
        mutation.outcome = Outcome::ignored;
        mutation.detail = "not an update of nodes/status";
        return mutation;
    }
    if (policy == nullptr)
        return skipped(std::move(mutation), SkipReason::no_policy, "no policy is loaded");
    const auto& node = review.now;
    if (!review.unreadable.empty() || !node.present || !review.stored.present) {
        return skipped(std::move(mutation), SkipReason::unreadable_node,
                       review.unreadable.empty() ? "object or oldObject is missing"
                                                 : std::string(review.unreadable));
    }
    if (!node.has_allocatable) {
        return skipped(std::move(mutation), SkipReason::no_allocatable,
                       "status.allocatable is missing");
    }
    const auto plan = policy->plan_for(node.name, node.labels, node.annotations);
    const auto* recorded = find_value(review.stored.annotations, kStateAnnotation);
    const auto state = recorded == nullptr ? NodeState{} : NodeState::parse(*recorded);
    const Observation observed{.writer = writer_of(review),
                               .allocatable = node.allocatable,
                               .stored = review.stored.allocatable,
                               .capacity = node.capacity,
                               .state = state ? &*state : nullptr};
    const auto decision = decide(plan, observed, policy->generation(), now);
    const auto draft = draft_of(node, decision);
    std::vector<StoredTime> times;
    if (policy->suppress_heartbeats() && observed.writer == Writer::kubelet &&
        is_heartbeat(review)) {
        times =
            times_to_restore(review, decision, draft, max_heartbeat_age(review, now, intervals));
    }
    const auto patch = patch_of(node, draft, times);
    mutation.resources = decision.resources;
    mutation.outcome = outcome_of(plan, patch, times);
    if (mutation.dry_run || is_worth_an_audit(mutation))
        mutation.detail = detail_of(plan, decision, observed, policy->generation(), now);
    if (patch.empty()) return mutation;
    mutation.patch = patch.text();
    if (const auto error = find_patch_error(node, mutation.patch, limits_of(mutation.resources))) {
        mutation.patch.clear();
        return skipped(std::move(mutation), SkipReason::self_check, *error);
    }
    return mutation;
}

// Keeps audit annotations small; most are far shorter.
std::string shortened(std::string text) {
    constexpr std::size_t kMaxAudit = 1024;
    if (text.size() > kMaxAudit) {
        std::size_t end = kMaxAudit;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;
        text.resize(end);
    }
    return text;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::unchanged:
            return "unchanged";
        case Outcome::patched:
            return "patched";
        case Outcome::suppressed:
            return "suppressed";
        case Outcome::restored:
            return "restored";
        case Outcome::observed:
            return "observed";
        case Outcome::ignored:
            return "ignored";
        case Outcome::skipped:
            return "skipped";
    }
    return "unknown";
}

SkipReason Mutation::first_skip_reason() const {
    if (skip_reason != SkipReason::none) return skip_reason;
    const auto at = std::ranges::find_if(
        resources, [](const auto& resource) { return resource.skip != SkipReason::none; });
    return at == resources.end() ? SkipReason::none : at->skip;
}

Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy,
                std::chrono::sys_seconds now, ReportIntervals* intervals) {
    const auto& review = parser.parse(body);
    auto mutation = decide_review(review, policy, now, intervals);
    ReviewAnswer answer{.patch = mutation.patch, .audit = {}};
    if (is_worth_an_audit(mutation)) {
        answer.audit.emplace_back("result", to_string(mutation.outcome));
        if (const auto reason = mutation.first_skip_reason(); reason != SkipReason::none)
            answer.audit.emplace_back("reason", to_string(reason));
        if (!mutation.detail.empty())
            answer.audit.emplace_back("detail", shortened(mutation.detail));
    }
    mutation.answer = write_review(review.api_version, review.uid, answer);
    return mutation;
}

}  // namespace airlock::webhook
