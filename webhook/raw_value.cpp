#include "webhook/raw_value.hpp"

#include <algorithm>

namespace airlock::webhook {
namespace {

// The value is no real one: what is recorded is, if anything.
RawValue implausible(const RawInputs& in) {
    RawValue out{.rule = RawRule::implausible, .value = {}, .foreign = false};
    if (in.record != nullptr) out.value = std::min(in.record->raw, *in.capacity);
    return out;
}

RawValue real(RawRule rule, const Quantity& value) {
    return {.rule = rule, .value = value, .foreign = false};
}

// Rows 5 and 6, with `value` in the place of N.
RawValue from_stored(const RawInputs& in, const Quantity& value) {
    if (in.malformed_record) return {};
    if (in.record != nullptr && value == in.record->applied)
        return real(RawRule::recorded, std::min(in.record->raw, *in.capacity));
    return value <= *in.capacity ? real(RawRule::unrecorded, value) : implausible(in);
}

RawValue from_kubelet(const RawInputs& in, bool changed) {
    const bool plausible = in.now <= *in.capacity;
    if (changed) return plausible ? real(RawRule::reported, in.now) : implausible(in);
    const bool reports_anew = in.record != nullptr && in.record->capacity.has_value() &&
                              *in.record->capacity != *in.capacity;
    if (reports_anew && plausible) return real(RawRule::coincides, in.now);
    return from_stored(in, in.now);
}

RawValue from_foreign(const RawInputs& in) {
    auto out = in.foreign_writes == ForeignWrites::ignore ? from_stored(in, *in.stored)
               : in.now <= *in.capacity                   ? real(RawRule::unrecorded, in.now)
                                                          : implausible(in);
    out.foreign = true;
    return out;
}

}  // namespace

std::string_view to_string(RawRule rule) {
    switch (rule) {
        case RawRule::reported:
            return "reported";
        case RawRule::coincides:
            return "coincides";
        case RawRule::recorded:
            return "recorded";
        case RawRule::unrecorded:
            return "unrecorded";
        case RawRule::implausible:
            return "implausible";
        case RawRule::unknown:
            return "unknown";
    }
    return "unknown";
}

RawValue find_raw(const RawInputs& in) {
    if (!in.capacity) return {};
    const bool changed = !in.stored || in.now != *in.stored;
    if (in.writer == Writer::kubelet) return from_kubelet(in, changed);
    return changed && in.stored ? from_foreign(in) : from_stored(in, in.now);
}

}  // namespace airlock::webhook
