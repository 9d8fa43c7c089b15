// URLs, parsed by libcurl.
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

struct Url {
    std::string scheme;  // lower case
    std::string host;    // an IPv6 address in brackets
    std::string port;    // the scheme's default when none was given
    std::string path;    // at least "/"
    std::string query;   // without "?"

    // "host:port"; without the port when it is the scheme's default.
    std::string authority() const;
    std::string origin() const;  // https://host:port
};

// Errc::invalid for anything but http:// and https://.
Url parse_url(std::string_view text);

// Resolves `location`, absolute or relative, against `base` (RFC 3986, section 5).
std::string resolve_url(std::string_view base, std::string_view location);

// Encodes everything but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

// `url` with name=value added to its query.
std::string with_query(std::string url, std::string_view name, std::string_view value);

}  // namespace airlock::base
