// Spare bytes after the end of a request body, so that it is parsed without a copy.
#pragma once

#include <cstddef>

namespace airlock::webhook {

inline constexpr std::size_t kBodyPadding = 64;  // at least simdjson::SIMDJSON_PADDING

}  // namespace airlock::webhook
