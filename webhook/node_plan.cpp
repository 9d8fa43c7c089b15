#include "webhook/node_state.hpp"
#include "webhook/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace airlock::webhook {
namespace {

// "cpu=1.5, memory=1.2": absent when a word of it is not understood, with the reason in `problem`.
std::optional<Ratios> parse_ratio_annotation(std::string_view text, std::string& problem) {
    constexpr std::size_t kMaxText = 1024;
    Ratios ratios;
    if (text.size() > kMaxText) {
        problem = "longer than 1024 letters";
        return std::nullopt;
    }
    const auto trim = [](std::string_view word) {
        const auto from = std::min(word.find_first_not_of(' '), word.size());
        const auto to = word.find_last_not_of(' ');
        return word.substr(from, to == word.npos ? 0 : to + 1 - from);
    };
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto word = trim(text.substr(0, comma));
        text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
        const auto equals = word.find('=');
        const auto ratio =
            equals == word.npos ? std::nullopt : Ratio::parse(trim(word.substr(equals + 1)));
        const auto resource = trim(word.substr(0, equals));
        const auto twice = [&](const auto& other) { return other.resource == resource; };
        if (!ratio || resource.empty() || std::any_of(ratios.begin(), ratios.end(), twice)) {
            problem = fmt::format(
                "\"{}\" is not RESOURCE=RATIO with a ratio from 1 to 100, once each", word);
            return std::nullopt;
        }
        ratios.push_back({std::string(resource), *ratio});
    }
    return ratios;
}

const Ratio* find_ratio(const Ratios& ratios, std::string_view resource) {
    for (const auto& entry : ratios) {
        if (entry.resource == resource) return &entry.ratio;
    }
    return nullptr;
}

}  // namespace

NodePlan Policy::plan_for(std::string_view node, std::span<const TextPair> labels,
                          std::span<const TextPair> annotations) const {
    NodePlan plan;
    const auto* disabled = find_value(labels, kDisableLabel);
    if (disabled != nullptr && *disabled == "true") {
        plan.action = NodePlan::Action::restore;
        plan.reason = "disabled by label";
        return plan;
    }
    if (kill_switch_) {
        plan.action = NodePlan::Action::restore;
        plan.reason = "kill switch";
        return plan;
    }
    if (mode_ == Mode::canary && !in_canary(node, canary_percent_)) {
        plan.action = NodePlan::Action::restore;
        plan.reason = "not in the canary";
        return plan;
    }
    Ratios own;
    if (const auto* text = find_value(annotations, kRatioAnnotation)) {
        auto parsed = parse_ratio_annotation(*text, plan.problem);
        if (!parsed) {
            plan.action = NodePlan::Action::leave;
            plan.reason = "ratio annotation";
            return plan;
        }
        own = std::move(*parsed);
    }
    const auto pool = std::find_if(pools_.begin(), pools_.end(), [&](const auto& entry) {
        return entry.selector.matches(labels);
    });
    for (const auto& resource : resources_) {
        PlannedRatio planned{.resource = resource, .ratio = {}, .source = {}};
        if (const auto* ratio = find_ratio(own, resource)) {
            planned.ratio = *ratio;
            if (const auto* max = find_ratio(max_, resource))
                planned.ratio = std::min(planned.ratio, *max);
            if (const auto* min = find_ratio(min_, resource))
                planned.ratio = std::max(planned.ratio, *min);
            planned.source = "node";
        } else if (const auto* of_pool =
                       pool == pools_.end() ? nullptr : find_ratio(pool->ratios, resource)) {
            planned.ratio = *of_pool;
            planned.source = "pool " + pool->name;
        } else if (const auto* of_all = find_ratio(defaults_, resource)) {
            planned.ratio = *of_all;
            planned.source = "default";
        } else {
            continue;
        }
        if (!planned.ratio.is_one()) plan.ratios.push_back(std::move(planned));
    }
    std::sort(plan.ratios.begin(), plan.ratios.end(),
              [](const auto& a, const auto& b) { return a.resource < b.resource; });
    if (mode_ == Mode::observe) {
        plan.action = NodePlan::Action::observe;
        plan.reason = "observe mode";
    }
    return plan;
}

bool in_canary(std::string_view node, std::uint32_t percent) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char letter : node) {
        hash ^= static_cast<unsigned char>(letter);
        hash *= 1099511628211U;
    }
    // FNV's low digits are uneven for names that differ in their last letter only.
    hash ^= hash >> 32U;
    return hash % 100 < percent;
}

}  // namespace airlock::webhook
