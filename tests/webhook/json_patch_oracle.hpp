// Applies a JSON Patch to a document as strictly as the API server does. Shares no code with what
// is tested.
#pragma once

#include "base/json.hpp"

#include <string_view>

namespace airlock::webhook::test {

// base::Errc::invalid, naming the operation, for anything but an "add" whose parent is an object or
// array that exists, and whose index is within the array: RFC 6902 section 4.1.
void apply_json_patch(base::Json& document, std::string_view patch);

}  // namespace airlock::webhook::test
