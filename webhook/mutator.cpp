#include "webhook/mutator.hpp"

#include "webhook/heartbeat.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/patch_check.hpp"
#include "webhook/ratio_annotation.hpp"

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

// "cpu 2 -> 4 (x2, default); memory unchanged (implausible)"
std::string describe(const Decision& decision) {
    std::string text;
    for (const auto& resource : decision.resources) {
        if (!text.empty()) text += "; ";
        if (resource.rule == Rule::implausible || resource.rule == Rule::unreadable) {
            fmt::format_to(std::back_inserter(text), "{} unchanged ({})", resource.resource,
                           to_string(resource.rule));
        } else if (resource.source.empty()) {
            fmt::format_to(std::back_inserter(text), "{} {}", resource.resource,
                           resource.after.text());
        } else {
            fmt::format_to(std::back_inserter(text), "{} {} -> {} (x{}, {})", resource.resource,
                           resource.raw.text(), resource.after.text(), resource.ratio.text(),
                           resource.source);
        }
    }
    return text;
}

bool changed_by_other_client(const Review& review, const Decision& decision) {
    constexpr std::string_view kKubelet = "system:node:";
    if (review.user.starts_with(kKubelet) && review.user.substr(kKubelet.size()) == review.now.name)
        return false;
    return std::any_of(
        decision.resources.begin(), decision.resources.end(), [&](const auto& resource) {
            const auto* now = find_value(review.now.allocatable, resource.resource);
            const auto* stored = find_value(review.stored.allocatable, resource.resource);
            return now != nullptr && stored != nullptr && *now != *stored;
        });
}

Mutation decide_review(const Review& review, const Policy* policy) {
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
    const auto& now = review.now;
    if (!review.unreadable.empty() || !now.present || !review.stored.present) {
        return skipped(std::move(mutation), SkipReason::unreadable_node,
                       review.unreadable.empty() ? "object or oldObject is missing"
                                                 : std::string(review.unreadable));
    }
    const auto plan = policy->plan_for(now.name, now.labels, now.annotations);
    mutation.detail = plan.reason;
    if (plan.action == NodePlan::Action::skip) {
        return skipped(std::move(mutation), SkipReason::ratio_annotation,
                       fmt::format("annotation {}: {}", kRatioAnnotation, plan.problem));
    }
    if (!now.has_allocatable) {
        return skipped(std::move(mutation), SkipReason::no_allocatable,
                       "status.allocatable is missing");
    }
    const auto* recorded = find_value(review.stored.annotations, kStateAnnotation);
    const auto state = recorded == nullptr ? NodeState{} : NodeState::parse(*recorded);
    if (!state) {
        return skipped(
            std::move(mutation), SkipReason::state_annotation,
            fmt::format("annotation {} is not valid; remove it: kubectl annotate node {} {}-",
                        kStateAnnotation, mutation.node, kStateAnnotation));
    }
    auto decision = decide(plan, now.allocatable, now.capacity, *state, policy->generation());
    mutation.foreign_change = changed_by_other_client(review, decision);
    if (plan.action != NodePlan::Action::restore) mutation.detail = describe(decision);
    mutation.resources = decision.resources;
    for (const auto& resource : decision.resources) {
        if (resource.rule == Rule::unreadable) {
            return skipped(
                std::move(mutation), SkipReason::unreadable_quantity,
                fmt::format("allocatable {} is not a valid quantity, or too large to multiply",
                            resource.resource));
        }
    }
    if (plan.action == NodePlan::Action::observe) {
        mutation.outcome = Outcome::observed;
        return mutation;
    }
    const auto draft = draft_of(now, decision);
    std::vector<StoredTime> times;
    if (policy->suppress_heartbeats() && decision.oversold() &&
        equals_stored(now, review.stored, draft)) {
        times = heartbeat_times_to_restore(now, review.stored).value_or(std::vector<StoredTime>());
    }
    const auto patch = patch_of(now, draft, times);
    if (patch.empty()) return mutation;
    mutation.patch = patch.text();
    if (const auto error = find_patch_error(now, mutation.patch)) {
        mutation.patch.clear();
        return skipped(std::move(mutation), SkipReason::self_check, *error);
    }
    mutation.outcome = plan.action == NodePlan::Action::restore ? Outcome::restored
                       : times.empty()                          ? Outcome::patched
                                                                : Outcome::suppressed;
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

std::string_view to_string(SkipReason skip_reason) {
    switch (skip_reason) {
        case SkipReason::none:
            return "none";
        case SkipReason::no_policy:
            return "no-policy";
        case SkipReason::unreadable_node:
            return "unreadable-node";
        case SkipReason::no_allocatable:
            return "no-allocatable";
        case SkipReason::state_annotation:
            return "state-annotation";
        case SkipReason::ratio_annotation:
            return "ratio-annotation";
        case SkipReason::unreadable_quantity:
            return "unreadable-quantity";
        case SkipReason::self_check:
            return "self-check";
    }
    return "unknown";
}

Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy) {
    const auto& review = parser.parse(body);
    auto mutation = decide_review(review, policy);
    ReviewAnswer answer{.patch = mutation.patch, .audit = {}};
    answer.audit.emplace_back("result", to_string(mutation.outcome));
    if (mutation.skip_reason != SkipReason::none)
        answer.audit.emplace_back("reason", to_string(mutation.skip_reason));
    if (!mutation.detail.empty()) answer.audit.emplace_back("detail", shortened(mutation.detail));
    mutation.answer = write_review(review.api_version, review.uid, answer);
    return mutation;
}

}  // namespace airlock::webhook
