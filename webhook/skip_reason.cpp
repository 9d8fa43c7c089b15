#include "webhook/skip_reason.hpp"

namespace airlock::webhook {

std::string_view to_string(SkipReason reason) {
    switch (reason) {
        case SkipReason::none:
            return "none";
        case SkipReason::no_policy:
            return "no-policy";
        case SkipReason::unreadable_node:
            return "unreadable-node";
        case SkipReason::no_allocatable:
            return "no-allocatable";
        case SkipReason::self_check:
            return "self-check";
        case SkipReason::state_annotation:
            return "state-annotation";
        case SkipReason::ratio_annotation:
            return "ratio-annotation";
        case SkipReason::requested_annotation:
            return "requested-annotation";
        case SkipReason::unreadable_quantity:
            return "unreadable-quantity";
        case SkipReason::implausible:
            return "implausible";
    }
    return "unknown";
}

}  // namespace airlock::webhook
