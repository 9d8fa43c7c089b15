// Spare bytes that a request's body is given behind its end, so that parsing it needs no copy.
#pragma once

#include <cstddef>

namespace airlock::webhook {

inline constexpr std::size_t kBodyPadding = 64;  // at least simdjson::SIMDJSON_PADDING

}  // namespace airlock::webhook
