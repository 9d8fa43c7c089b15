#include "webhook/decision.hpp"

#include "webhook/ratio_in_force.hpp"
#include "webhook/resource.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace airlock::webhook {
namespace {

// A value that Kubernetes accepts as allocatable; others count as absent.
std::optional<Quantity> value_of(std::span<const TextPair> resources, std::string_view name) {
    const auto* text = find_value(resources, name);
    auto value = text == nullptr ? std::nullopt : Quantity::parse(*text);
    if (value && !is_valid_allocatable(name, *value)) value.reset();
    return value;
}

// A kubelet that reports some value anew has computed them all.
bool is_full_report(const Observation& observation) {
    return observation.writer == Writer::kubelet &&
           std::ranges::any_of(observation.allocatable, [&](const auto& entry) {
               const auto now = Quantity::parse(entry.second);
               return now && value_of(observation.stored, entry.first) != now;
           });
}

class Decider {
  public:
    Decider(const NodePlan& plan, const Observation& observation, std::chrono::sys_seconds now)
        : plan_(plan),
          observation_(observation),
          malformed_record_(observation.state == nullptr && !is_full_report(observation)),
          now_(now) {}

    void decide(std::string_view name, Decision& out) {
        const auto* text = find_value(observation_.allocatable, name);
        if (text == nullptr) return;  // for example a removed device: nothing to raise
        const auto* record =
            observation_.state == nullptr ? nullptr : observation_.state->find(name);
        ResourceDecision decision;
        decision.resource = name;
        auto kept = decide_value(*text, record, decision);
        if (kept) out.state.resources.push_back(std::move(*kept));
        out.resources.push_back(std::move(decision));
    }

  private:
    using Record = std::optional<ResourceState>;

    static Record keep(const ResourceState* record) {
        return record == nullptr ? std::nullopt : std::optional(*record);
    }

    // Sets the values of `out`; the result is the record to store.
    Record decide_value(std::string_view text, const ResourceState* record,
                        ResourceDecision& out) const {
        const auto now = Quantity::parse(text);
        if (!now || !is_valid_allocatable(out.resource, *now)) {
            out.skip = SkipReason::unreadable_quantity;
            if (now) out.before = out.after = out.raw = *now;
            return keep(record);
        }
        out.before = out.after = out.raw = *now;
        const auto capacity = value_of(observation_.capacity, out.resource);
        const auto raw = find_raw({.writer = observation_.writer,
                                   .foreign_writes = plan_.foreign_writes,
                                   .now = *now,
                                   .stored = value_of(observation_.stored, out.resource),
                                   .capacity = capacity,
                                   .record = record,
                                   .malformed_record = malformed_record_});
        out.rule = raw.rule;
        if (raw.value) out.raw = *raw.value;
        if (plan_.action == NodePlan::Action::restore) {
            const bool ours = !raw.foreign || raw.rule == RawRule::recorded;
            if (record != nullptr && raw.value && ours) out.after = *raw.value;
            return std::nullopt;
        }
        const auto* planned = find_planned(out.resource);
        if (planned != nullptr) out.skip = planned->skip;
        if (!raw.value || raw.rule == RawRule::implausible) {
            out.skip = malformed_record_ ? SkipReason::state_annotation : SkipReason::implausible;
        }
        const bool oversold = record != nullptr || (planned != nullptr && planned->ratio);
        out.foreign = raw.foreign && oversold;
        return raw.value ? apply(planned, record, *raw.value, *capacity, out) : keep(record);
    }

    Record apply(const PlannedRatio* planned, const ResourceState* record, const Quantity& raw,
                 const Quantity& capacity, ResourceDecision& out) const {
        const bool applies = plan_.action == NodePlan::Action::oversell && planned != nullptr;
        const auto wanted = applies ? planned->ratio : std::nullopt;
        auto force =
            ratio_in_force(out.resource, wanted, record, raw, limits_of(record, out), now_);
        if (!force || force->ratio.is_one()) {
            if (record != nullptr) out.after = raw;
            return std::nullopt;
        }
        auto applied = product(out.resource, raw, force->ratio);
        if (!applied) {
            out.skip = SkipReason::unreadable_quantity;
            if (record == nullptr) return std::nullopt;
            applied = product(out.resource, raw, record->ratio);
            if (!applied) return *record;
            force = RatioInForce{.ratio = record->ratio, .stepped = record->stepped};
        }
        out.after = *applied;
        out.ratio = force->ratio;
        out.source = wanted ? planned->source : record->source;
        return ResourceState{.name = out.resource,
                             .raw = raw,
                             .applied = *applied,
                             .capacity = capacity,
                             .ratio = force->ratio,
                             .source = out.source,
                             .stepped = force->stepped};
    }

    static std::optional<Quantity> product(std::string_view resource, const Quantity& raw,
                                           Ratio ratio) {
        auto applied = apply_ratio(resource, raw, ratio);
        if (applied && !is_valid_allocatable(resource, *applied)) applied.reset();
        return applied;
    }

    RatioLimits limits_of(const ResourceState* record, ResourceDecision& out) const {
        RatioLimits limits{
            .max = (plan_.max == nullptr ? MaxRatios{} : *plan_.max).of(out.resource),
            .ramp = plan_.ramp,
            .requested = std::nullopt};
        if (plan_.requested.in_question(out.resource) && record != nullptr) {
            // The floor is not known: the value does not fall.
            limits.requested = record->applied;
            out.skip = SkipReason::requested_annotation;
        } else if (const auto* requested = plan_.requested.find(out.resource)) {
            limits.requested = *requested;
        }
        return limits;
    }

    const PlannedRatio* find_planned(std::string_view resource) const {
        const auto at = std::ranges::find(plan_.ratios, resource, &PlannedRatio::resource);
        return at == plan_.ratios.end() ? nullptr : &*at;
    }

    const NodePlan& plan_;
    const Observation& observation_;
    bool malformed_record_;
    std::chrono::sys_seconds now_;
};

}  // namespace

Decision decide(const NodePlan& plan, const Observation& observation, std::string_view generation,
                std::chrono::sys_seconds now) {
    // The resources of the plan, and those that are recorded.
    std::vector<std::string_view> names;
    for (const auto& planned : plan.ratios)
        names.push_back(planned.resource);
    if (observation.state != nullptr) {
        for (const auto& record : observation.state->resources)
            names.push_back(record.name);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());

    Decision decision;
    Decider decider(plan, observation, now);
    for (const auto name : names)
        decider.decide(name, decision);
    // The generation names the policy that set the values. It changes only when they do, so that a
    // change of the policy that does not concern this node costs no write.
    decision.keeps_record = std::ranges::any_of(decision.resources, [](const auto& resource) {
        return resource.skip == SkipReason::state_annotation;
    });
    const bool same =
        observation.state != nullptr && decision.state.resources == observation.state->resources;
    decision.state.generation = same ? observation.state->generation : std::string(generation);
    return decision;
}

}  // namespace airlock::webhook
