#include "base/url.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <curl/curl.h>

#include <memory>

namespace airlock::base {
namespace {

struct Cleanup {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, Cleanup>;

void set(const Handle& url, std::string_view text) {
    if (text.find('\0') != std::string_view::npos)  // libcurl would stop reading there
        throw Error(Errc::invalid, "a URL contains a NUL byte");
    const auto code = curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0);
    if (code != CURLUE_OK) {
        throw Error(Errc::invalid, "\"{}\" is not a valid URL: {}", redact(text.substr(0, 300)),
                    curl_url_strerror(code));
    }
}

std::string get(const Handle& url, CURLUPart part, unsigned int flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK || text == nullptr) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
    return text;
}

}  // namespace

std::string Url::authority() const {
    const bool is_default =
        (scheme == "https" && port == "443") || (scheme == "http" && port == "80");
    return is_default ? host : host + ":" + port;
}

std::string Url::origin() const {
    return scheme + "://" + authority();
}

Url parse_url(std::string_view text) {
    const Handle handle(curl_url());
    set(handle, text);
    Url url;
    url.scheme = get(handle, CURLUPART_SCHEME);
    url.host = get(handle, CURLUPART_HOST);
    url.port = get(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    url.path = get(handle, CURLUPART_PATH);
    url.query = get(handle, CURLUPART_QUERY);
    if (url.scheme != "http" && url.scheme != "https") {
        throw Error(Errc::invalid, "\"{}\" does not start with https:// or http://",
                    redact(text.substr(0, 300)));
    }
    return url;
}

std::string resolve_url(std::string_view base, std::string_view location) {
    const Handle handle(curl_url());
    set(handle, base);
    set(handle, location);
    return get(handle, CURLUPART_URL);
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || c == '-' || c == '.' || c == '_' ||
                           c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        }
    }
    return out;
}

std::string with_query(std::string url, std::string_view name, std::string_view value) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += name;
    url += '=';
    url += percent_encode(value);
    return url;
}

}  // namespace airlock::base
