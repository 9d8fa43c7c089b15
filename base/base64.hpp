// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

std::string base64_encode(std::string_view bytes);
// White space is skipped; Errc::invalid, naming `what`, for any other invalid character.
std::string base64_decode(std::string_view text, std::string_view what);

}  // namespace airlock::base
