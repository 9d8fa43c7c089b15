#include "webhook/ratio_in_force.hpp"

#include <algorithm>

namespace airlock::webhook {
namespace {

Ratio floor_of(std::string_view resource, const Quantity& raw, const RatioLimits& limits,
               Ratio recorded) {
    if (!limits.requested) return Ratio();
    return std::min(recorded, ratio_covering(resource, raw, *limits.requested).value_or(recorded));
}

RatioInForce move(const ResourceState& record, Ratio target, const Ramp* ramp,
                  std::chrono::sys_seconds now) {
    const auto& rate = target > record.ratio ? ramp->up : ramp->down;
    if (!rate) return {.ratio = target, .stepped = record.stepped};
    // A clock that was set back must not stop the ramp for longer than one interval.
    const auto since = record.stepped ? now - *record.stepped : rate->interval;
    if (since >= std::chrono::seconds::zero() && since < rate->interval)
        return {.ratio = record.ratio, .stepped = record.stepped};
    const auto from = record.ratio.millionths();
    const auto to = target.millionths();
    const auto moved =
        to > from ? from + std::min(to - from, rate->step) : from - std::min(from - to, rate->step);
    return {.ratio = Ratio::from_millionths(moved), .stepped = now};
}

}  // namespace

std::optional<RatioInForce> ratio_in_force(std::string_view resource, std::optional<Ratio> wanted,
                                           const ResourceState* record, const Quantity& raw,
                                           const RatioLimits& limits,
                                           std::chrono::sys_seconds now) {
    if (record == nullptr) {
        if (!wanted) return std::nullopt;
        return RatioInForce{.ratio = std::min(*wanted, limits.max), .stepped = std::nullopt};
    }
    auto target = std::min(wanted.value_or(record->ratio), limits.max);
    if (target < record->ratio)
        target = std::max(target, floor_of(resource, raw, limits, record->ratio));
    if (target == record->ratio || limits.ramp == nullptr)
        return RatioInForce{.ratio = target, .stepped = record->stepped};
    return move(*record, target, limits.ramp, now);
}

}  // namespace airlock::webhook
