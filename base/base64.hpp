// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

std::string base64_encode(std::string_view bytes);
// Line breaks and spaces are skipped; Errc::invalid for other characters, naming `what`.
std::string base64_decode(std::string_view text, std::string_view what);

}  // namespace airlock::base
