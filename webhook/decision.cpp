#include "webhook/decision.hpp"

#include "webhook/resource.hpp"

#include <algorithm>
#include <optional>

namespace airlock::webhook {
namespace {

std::optional<Quantity> value_of(std::span<const TextPair> resources, std::string_view name) {
    const auto* text = find_value(resources, name);
    return text == nullptr ? std::nullopt : Quantity::parse(*text);
}

struct Inputs {
    std::string_view resource;
    Quantity now;
    std::optional<Quantity> capacity;
    const ResourceState* record;
    const PlannedRatio* planned;
};

void restore(const Inputs& in, ResourceDecision& out) {
    const bool applied = in.record != nullptr && in.record->was_applied(in.now);
    out.rule = applied ? Rule::restore : Rule::keep;
    if (applied) {
        out.after = in.record->raw;
        out.raw = in.record->raw;
    }
}

// Finds the real value; false when it is unknown.
bool find_raw(const Inputs& in, ResourceDecision& out) {
    const bool plausible = in.record != nullptr && (!in.capacity || in.record->raw <= *in.capacity);
    if (in.record != nullptr && in.record->was_applied(in.now)) {
        out.rule = plausible ? Rule::already_applied : Rule::implausible;
        out.raw = in.record->raw;
        return plausible;
    }
    if (!in.capacity || in.now > *in.capacity) {
        out.rule = plausible && in.capacity ? Rule::above_capacity : Rule::implausible;
        if (plausible) out.raw = in.record->raw;
        return out.rule == Rule::above_capacity;
    }
    out.rule = Rule::reported;
    out.raw = in.now;
    return true;
}

ResourceDecision decide_one(const Inputs& in, NodeState& state) {
    ResourceDecision out{.resource = std::string(in.resource),
                         .rule = Rule::keep,
                         .before = in.now,
                         .after = in.now,
                         .raw = in.now,
                         .ratio = {},
                         .source = {}};
    if (in.planned == nullptr) {
        restore(in, out);
        return out;
    }
    out.ratio = in.planned->ratio;
    out.source = in.planned->source;
    if (!find_raw(in, out)) {
        // Keep the record: it identifies applied values when a plausible report arrives.
        if (in.record != nullptr) state.resources.push_back(*in.record);
        return out;
    }
    const auto applied = apply_ratio(in.resource, out.raw, in.planned->ratio);
    if (!applied || !is_valid_allocatable(in.resource, *applied)) {
        out.rule = Rule::unreadable;
        if (in.record != nullptr) state.resources.push_back(*in.record);
        return out;
    }
    out.after = *applied;
    ResourceState record = in.record != nullptr ? *in.record : ResourceState{};
    record.name = in.resource;
    record.raw = out.raw;
    record.ratio = in.planned->ratio;
    record.source = in.planned->source;
    record.remember(*applied);
    state.resources.push_back(std::move(record));
    return out;
}

}  // namespace

std::string_view to_string(Rule rule) {
    switch (rule) {
        case Rule::restore:
            return "restored";
        case Rule::keep:
            return "kept";
        case Rule::already_applied:
            return "already-applied";
        case Rule::above_capacity:
            return "above-capacity";
        case Rule::reported:
            return "reported";
        case Rule::implausible:
            return "implausible";
        case Rule::unreadable:
            return "unreadable";
    }
    return "unknown";
}

Decision decide(const NodePlan& plan, std::span<const TextPair> allocatable,
                std::span<const TextPair> capacity, const NodeState& state,
                std::string_view generation) {
    // Sorted and unique: the resources of the plan, and those that were oversold before.
    std::vector<std::string_view> names;
    for (const auto& planned : plan.ratios)
        names.push_back(planned.resource);
    for (const auto& record : state.resources)
        names.push_back(record.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());

    Decision decision;
    for (const auto name : names) {
        const auto* text = find_value(allocatable, name);
        if (text == nullptr) continue;  // for example a removed device: nothing to raise
        const auto planned =
            std::find_if(plan.ratios.begin(), plan.ratios.end(),
                         [&](const auto& entry) { return entry.resource == name; });
        const auto now = Quantity::parse(*text);
        const auto* record = state.find(name);
        if (!now) {
            if (record != nullptr) decision.state.resources.push_back(*record);
            decision.resources.push_back({.resource = std::string(name),
                                          .rule = Rule::unreadable,
                                          .before = {},
                                          .after = {},
                                          .raw = {},
                                          .ratio = {},
                                          .source = {}});
            continue;
        }
        const Inputs inputs{.resource = name,
                            .now = *now,
                            .capacity = value_of(capacity, name),
                            .record = record,
                            .planned = planned == plan.ratios.end() ? nullptr : &*planned};
        decision.resources.push_back(decide_one(inputs, decision.state));
    }
    // The generation names the policy that set the values. It changes only when they do, so that a
    // change of the policy that does not concern this node costs no write.
    const bool same = decision.state.resources == state.resources;
    decision.state.generation = same ? state.generation : std::string(generation);
    return decision;
}

}  // namespace airlock::webhook
