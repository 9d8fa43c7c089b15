#include "webhook/policy.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "webhook/canary.hpp"
#include "webhook/policy_yaml.hpp"
#include "webhook/ratio_annotation.hpp"

#include <algorithm>
#include <optional>

namespace airlock::webhook {
namespace {

NodePlan restore(std::string_view reason) {
    return {.action = NodePlan::Action::restore, .reason = reason, .ratios = {}, .problem = {}};
}

Ratio within_bounds(Ratio ratio, std::string_view resource, const PolicySpec& spec) {
    if (const auto* max = find_ratio(spec.max_ratios, resource)) ratio = std::min(ratio, *max);
    if (const auto* min = find_ratio(spec.min_ratios, resource)) ratio = std::max(ratio, *min);
    return ratio;
}

std::optional<PlannedRatio> planned_ratio(std::string_view resource, const Ratios& of_node,
                                          const Pool* pool, const PolicySpec& spec) {
    if (const auto* ratio = find_ratio(of_node, resource)) {
        return PlannedRatio{
            .resource = resource, .ratio = within_bounds(*ratio, resource, spec), .source = "node"};
    }
    if (const auto* ratio = pool == nullptr ? nullptr : find_ratio(pool->ratios, resource))
        return PlannedRatio{.resource = resource, .ratio = *ratio, .source = "pool " + pool->name};
    if (const auto* ratio = find_ratio(spec.default_ratios, resource))
        return PlannedRatio{.resource = resource, .ratio = *ratio, .source = "default"};
    return std::nullopt;
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
    if (spec_.mode == Mode::canary && !in_canary(node, spec_.canary_percent))
        return restore("not in the canary");

    NodePlan plan;
    Ratios of_node;
    if (const auto* text = find_value(annotations, kRatioAnnotation)) {
        auto parsed = parse_ratio_annotation(*text, plan.problem);
        if (!parsed) {
            plan.action = NodePlan::Action::skip;
            plan.reason = "ratio annotation";
            return plan;
        }
        of_node = std::move(*parsed);
    }
    const auto match = std::find_if(spec_.pools.begin(), spec_.pools.end(), [&](const auto& pool) {
        return pool.selector.matches(labels);
    });
    const auto* pool = match == spec_.pools.end() ? nullptr : &*match;
    for (const auto& resource : spec_.resources) {
        auto planned = planned_ratio(resource, of_node, pool, spec_);
        if (planned && !planned->ratio.is_one()) plan.ratios.push_back(std::move(*planned));
    }
    std::sort(plan.ratios.begin(), plan.ratios.end(),
              [](const auto& a, const auto& b) { return a.resource < b.resource; });
    if (spec_.mode == Mode::observe) {
        plan.action = NodePlan::Action::observe;
        plan.reason = "observe mode";
    }
    return plan;
}

}  // namespace airlock::webhook
