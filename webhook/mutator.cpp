#include "webhook/mutator.hpp"

#include "webhook/answer_check.hpp"
#include "webhook/heartbeat.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/ratio_annotation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::webhook {
namespace {

constexpr std::string_view kAllocatablePath = "/status/allocatable/";

Mutation doubtful(Mutation mutation, Doubt doubt, std::string detail) {
    mutation.outcome = Outcome::doubt;
    mutation.doubt = doubt;
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

// Whether the Node, as patched, has the stored one's allocatable and annotations to the letter.
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

JsonPatch patch_of(const NodeView& now, const Draft& draft, const std::vector<OldTime>& times) {
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

// "cpu 2 -> 4 (x2, default); memory 8Gi left (implausible)"
std::string describe(const Decision& decision) {
    std::string text;
    for (const auto& resource : decision.resources) {
        if (!text.empty()) text += "; ";
        if (resource.rule == Rule::implausible || resource.rule == Rule::unreadable) {
            fmt::format_to(std::back_inserter(text), "{} left ({})", resource.resource,
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

bool changed_by_another(const Review& review, const Decision& decision) {
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
        return doubtful(std::move(mutation), Doubt::no_policy, "no policy is loaded");
    const auto& now = review.now;
    if (!review.trouble.empty() || !now.present || !review.stored.present) {
        return doubtful(std::move(mutation), Doubt::unreadable_node,
                        review.trouble.empty() ? "object or oldObject is missing"
                                               : std::string(review.trouble));
    }
    const auto plan = policy->plan_for(now.name, now.labels, now.annotations);
    mutation.detail = plan.reason;
    if (plan.action == NodePlan::Action::skip) {
        return doubtful(std::move(mutation), Doubt::ratio_annotation,
                        fmt::format("annotation {}: {}", kRatioAnnotation, plan.problem));
    }
    if (!now.has_allocatable) {
        return doubtful(std::move(mutation), Doubt::no_allocatable,
                        "the node reports no allocatable");
    }
    const auto* recorded = find_value(review.stored.annotations, kStateAnnotation);
    const auto state = recorded == nullptr ? NodeState{} : NodeState::parse(*recorded);
    if (!state) {
        return doubtful(
            std::move(mutation), Doubt::state_annotation,
            fmt::format("annotation {} cannot be read; remove it: kubectl annotate node {} {}-",
                        kStateAnnotation, mutation.node, kStateAnnotation));
    }
    auto decision = decide(plan, now.allocatable, now.capacity, *state, policy->generation());
    mutation.foreign_change = changed_by_another(review, decision);
    if (plan.action != NodePlan::Action::restore) mutation.detail = describe(decision);
    mutation.resources = decision.resources;
    for (const auto& resource : decision.resources) {
        if (resource.rule == Rule::unreadable) {
            return doubtful(
                std::move(mutation), Doubt::unreadable_quantity,
                fmt::format("allocatable {} cannot be read or multiplied", resource.resource));
        }
    }
    if (plan.action == NodePlan::Action::observe) {
        mutation.outcome = Outcome::observed;
        return mutation;
    }
    const auto draft = draft_of(now, decision);
    std::vector<OldTime> times;
    if (policy->suppress_heartbeats() && decision.oversold() &&
        equals_stored(now, review.stored, draft)) {
        times = times_to_put_back(now, review.stored).value_or(std::vector<OldTime>());
    }
    const auto patch = patch_of(now, draft, times);
    if (patch.empty()) return mutation;
    mutation.patch = patch.text();
    if (const auto fault = find_fault(now, mutation.patch)) {
        mutation.patch.clear();
        return doubtful(std::move(mutation), Doubt::self_check, *fault);
    }
    mutation.outcome = plan.action == NodePlan::Action::restore ? Outcome::restored
                       : times.empty()                          ? Outcome::patched
                                                                : Outcome::suppressed;
    return mutation;
}

// What the API server accepts as one audit annotation without asking; ours are far below.
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
        case Outcome::doubt:
            return "doubt";
    }
    return "unknown";
}

std::string_view to_string(Doubt doubt) {
    switch (doubt) {
        case Doubt::none:
            return "none";
        case Doubt::no_policy:
            return "no-policy";
        case Doubt::unreadable_node:
            return "unreadable-node";
        case Doubt::no_allocatable:
            return "no-allocatable";
        case Doubt::state_annotation:
            return "state-annotation";
        case Doubt::ratio_annotation:
            return "ratio-annotation";
        case Doubt::unreadable_quantity:
            return "unreadable-quantity";
        case Doubt::self_check:
            return "self-check";
    }
    return "unknown";
}

Mutation mutate(ReviewParser& parser, std::string& body, const Policy* policy) {
    const auto& review = parser.parse(body);
    auto mutation = decide_review(review, policy);
    ReviewAnswer answer{.patch = mutation.patch, .audit = {}};
    answer.audit.emplace_back("result", to_string(mutation.outcome));
    if (mutation.doubt != Doubt::none)
        answer.audit.emplace_back("doubt", to_string(mutation.doubt));
    if (!mutation.detail.empty()) answer.audit.emplace_back("detail", shortened(mutation.detail));
    mutation.answer = write_review(review.api_version, review.uid, answer);
    return mutation;
}

}  // namespace airlock::webhook
