// URLs, by libcurl's parser.
#pragma once

#include <string>
#include <string_view>

namespace airlock::base {

struct Url {
    std::string scheme;  // lower case
    std::string host;    // an IPv6 address in brackets
    std::string port;    // always there: the scheme's default when none was given
    std::string path;    // at least "/"
    std::string query;   // without "?"

    // "host:port", the port only when it is not the scheme's own.
    std::string authority() const;
    std::string origin() const;  // https://host:port
};

// Errc::invalid for anything but http:// and https://.
Url parse_url(std::string_view text);

// `location` as a browser would read it on the page `base`: absolute, or relative to it.
std::string resolve_url(std::string_view base, std::string_view location);

// Everything but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

// `url` with name=value added to its query.
std::string with_query(std::string url, std::string_view name, std::string_view value);

}  // namespace airlock::base
