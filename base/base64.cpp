#include "base/base64.hpp"

#include "base/error.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>
#include <iterator>

namespace airlock::base {

std::string base64_encode(std::string_view bytes) {
    if (bytes.size() > INT_MAX / 2) throw Error(Errc::internal, "too many bytes for base64");
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                        reinterpret_cast<const unsigned char*>(bytes.data()),
                                        static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string base64_decode(std::string_view text, std::string_view what) {
    std::string compact;
    compact.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(compact),
                         [](char c) { return c != '\n' && c != '\r' && c != ' ' && c != '\t'; });
    if (compact.empty()) return {};
    const auto last = compact.find_last_not_of('=');
    const auto unpadded = last == std::string::npos ? 0 : last + 1;
    const auto padding = compact.size() - unpadded;
    // EVP_DecodeBlock accepts '=' anywhere as zero bits, and drops '-' at the end.
    const bool valid = std::all_of(
        compact.begin(), compact.begin() + static_cast<std::ptrdiff_t>(unpadded), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '+' || c == '/';
        });
    if (!valid || compact.size() % 4 != 0 || padding > 2 || compact.size() > INT_MAX) {
        throw Error(Errc::invalid, "{} is not valid base64", what);
    }
    std::string out(compact.size() / 4 * 3, '\0');
    const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                        reinterpret_cast<const unsigned char*>(compact.data()),
                                        static_cast<int>(compact.size()));
    if (length < 0) throw Error(Errc::invalid, "{} is not valid base64", what);
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

}  // namespace airlock::base
