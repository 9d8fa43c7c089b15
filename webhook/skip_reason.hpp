// Why a request, or one resource of it, is not decided: what is recorded is held instead.
#pragma once

#include <cstddef>
#include <string_view>

namespace airlock::webhook {

enum class SkipReason {
    none,
    // Of a request: it passes unchanged.
    no_policy,
    unreadable_node,
    no_allocatable,
    self_check,  // the patch did not pass the final check: a bug, reported in the log
    // Of a resource: the others are decided as usual.
    state_annotation,      // the record is malformed, and the request does not tell the real value
    ratio_annotation,      // malformed
    requested_annotation,  // malformed
    unreadable_quantity,   // not a quantity, or the product is out of range
    implausible,           // above capacity, and the real value is not known
};
inline constexpr std::size_t kSkipReasons = 10;
std::string_view to_string(SkipReason reason);

}  // namespace airlock::webhook
