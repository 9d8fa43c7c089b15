// Writes JSON strings where building a whole document would cost too much.
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

// Appends `text` to `out` as a JSON string, with its quotes (RFC 8259 section 7).
// REQUIRES: valid UTF-8, which is copied unchanged.
void append_json_string(std::string& out, std::string_view text);

}  // namespace airlock::base
