#include "webhook/policy.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "webhook/canary.hpp"
#include "webhook/policy_yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace airlock::webhook {
namespace {

NodePlan restore(std::string_view reason) {
    return {.action = NodePlan::Action::restore, .reason = reason, .ratios = {}};
}

Ratio within_bounds(Ratio ratio, std::string_view resource, const PolicySpec& spec) {
    ratio = std::min(ratio, spec.max_ratios.of(resource));
    if (const auto* min = find_ratio(spec.min_ratios, resource)) ratio = std::max(ratio, *min);
    return ratio;
}

PlannedRatio planned_ratio(std::string_view resource, const ResourceValues<Ratio>& of_node,
                           const Pool* pool, const PolicySpec& spec) {
    PlannedRatio planned{.resource = resource, .ratio = std::nullopt};
    if (of_node.in_question(resource)) {
        planned.skip = SkipReason::ratio_annotation;
    } else if (const auto* node = of_node.find(resource)) {
        planned.ratio = within_bounds(*node, resource, spec);
        planned.source = "node";
    } else if (const auto* ratio = pool == nullptr ? nullptr : find_ratio(pool->ratios, resource)) {
        planned.ratio = *ratio;
        planned.source = "pool " + pool->name;
    } else if (const auto* fallback = find_ratio(spec.default_ratios, resource)) {
        planned.ratio = *fallback;
        planned.source = "default";
    }
    return planned;
}

// The parsed annotation `key`; its problem is added to those of the plan.
template <typename Value>
ResourceValues<Value> read_annotation(std::span<const TextPair> annotations, std::string_view key,
                                      ResourceValues<Value> (*parse)(std::string_view),
                                      NodePlan& plan) {
    const auto* text = find_value(annotations, key);
    if (text == nullptr) return {};
    auto values = parse(*text);
    if (!values.problem.empty()) {
        if (!plan.problem.empty()) plan.problem += "; ";
        plan.problem += fmt::format("annotation {}: {}", key, values.problem);
    }
    return values;
}

}  // namespace

Policy Policy::parse(std::string_view yaml, std::string_view file) {
    if (yaml.size() > kMaxFile) {
        throw base::Error(base::Errc::usage, "{}: the policy is larger than {} bytes", file,
                          kMaxFile);
    }
    Policy policy;
    policy.spec_ = read_policy_yaml(yaml, file);
    policy.generation_ = base::sha256(yaml).hex().substr(0, 8);
    return policy;
}

NodePlan Policy::plan_for(std::string_view node, std::span<const TextPair> labels,
                          std::span<const TextPair> annotations) const {
    const auto* disabled = find_value(labels, kDisableLabel);
    if (disabled != nullptr && *disabled == "true") return restore("disabled by label");
    if (spec_.kill_switch) return restore("kill switch");

    NodePlan plan;
    plan.max = &spec_.max_ratios;
    plan.ramp = spec_.ramp ? &*spec_.ramp : nullptr;
    plan.foreign_writes = spec_.foreign_writes;
    const auto of_node =
        read_annotation(annotations, kRatioAnnotation, parse_ratio_annotation, plan);
    if (spec_.floor_at_requests) {
        plan.requested =
            read_annotation(annotations, kRequestedAnnotation, parse_requested_annotation, plan);
    }
    const auto match = std::ranges::find_if(
        spec_.pools, [&](const auto& pool) { return pool.selector.matches(labels); });
    const auto* pool = match == spec_.pools.end() ? nullptr : &*match;
    for (const auto& resource : spec_.resources)
        plan.ratios.push_back(planned_ratio(resource, of_node, pool, spec_));
    std::ranges::sort(plan.ratios, {}, &PlannedRatio::resource);
    if (spec_.mode == Mode::observe) {
        plan.action = NodePlan::Action::observe;
        plan.reason = "observe mode";
    } else if (spec_.mode == Mode::canary && !in_canary(node, spec_.canary_percent)) {
        plan.action = NodePlan::Action::hold;
        plan.reason = "not in the canary";
    }
    return plan;
}

}  // namespace airlock::webhook
