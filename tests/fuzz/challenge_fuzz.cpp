// Arbitrary text as a WWW-Authenticate header: nothing, or a challenge that parses to the same when
// formatted again.
#include "images/registry_auth.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace airlock;
    const auto challenge = images::Challenge::parse({reinterpret_cast<const char*>(data), size});
    if (!challenge) return 0;
    if (challenge->scheme != "bearer" && challenge->scheme != "basic") std::abort();
    std::string text = challenge->scheme;
    for (const auto& [name, value] : challenge->parameters) {
        text += text == challenge->scheme ? " " : ",";
        text += name + "=\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    const auto again = images::Challenge::parse(text);
    if (!again || again->parameters != challenge->parameters) std::abort();
    return 0;
}
