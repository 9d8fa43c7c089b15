#include "base/json_string.hpp"

namespace airlock::base {

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            out += '\\';
            out += character;
        } else if (code < 0x20) {
            out += "\\u00";
            out += kHex[code >> 4U];
            out += kHex[code & 15U];
        } else {
            out += character;
        }
    }
    out += '"';
}

}  // namespace airlock::base
