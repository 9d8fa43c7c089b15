#include "images/registry_auth.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

std::string basic(const Credentials& credentials) {
    return "Basic " + base::base64_encode(credentials.username + ":" + credentials.password);
}

void skip_spaces(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == ','))
        text.remove_prefix(1);
}

// token or "quoted \" string" (RFC 9110, 5.6.4)
std::string take_value(std::string_view& text) {
    std::string out;
    if (text.empty() || text.front() != '"') {
        const auto end = std::min(text.find_first_of(", "), text.size());
        out = text.substr(0, end);
        text.remove_prefix(end);
        return out;
    }
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
        out += text.front();
        text.remove_prefix(1);
    }
    if (!text.empty()) text.remove_prefix(1);
    return out;
}

}  // namespace

std::optional<Challenge> Challenge::parse(std::string_view header) {
    std::vector<Challenge> all;
    for (skip_spaces(header); !header.empty(); skip_spaces(header)) {
        const auto end = std::min(header.find_first_of(" ,="), header.size());
        auto word = lower(header.substr(0, end));
        header.remove_prefix(end);
        if (header.empty() || header.front() != '=') {
            all.push_back({.scheme = std::move(word), .parameters = {}});
            continue;
        }
        header.remove_prefix(1);
        auto value = take_value(header);
        if (!all.empty()) all.back().parameters.insert_or_assign(std::move(word), std::move(value));
    }
    // A bearer challenge without a realm is used only when there is no other.
    const auto rank = [](const Challenge& challenge) {
        if (challenge.scheme == "basic") return 2;
        if (challenge.scheme != "bearer") return 0;
        return challenge.parameters.contains("realm") ? 3 : 1;
    };
    const auto best = std::ranges::max_element(all, {}, rank);
    if (best == all.end() || rank(*best) == 0) return std::nullopt;
    return std::move(*best);
}

RegistryAuth::RegistryAuth(std::string host, CredentialStore credentials, bool plain_http)
    : host_(std::move(host)), credentials_(std::move(credentials)), plain_http_(plain_http) {}

std::string RegistryAuth::authorization(const std::string& repository, const std::string& scope) {
    const std::lock_guard lock(mutex_);
    if (basic_) return basic_authorization(repository);
    const auto at = tokens_.find(scope);
    if (at == tokens_.end() || at->second.expires < std::chrono::steady_clock::now()) return {};
    return "Bearer " + at->second.value;
}

std::string RegistryAuth::basic_authorization(const std::string& repository) const {
    const auto credentials = credentials_.find(host_, repository);
    return credentials ? basic(*credentials) : std::string();
}

std::optional<std::string> RegistryAuth::answer(const Challenge& challenge,
                                                const std::string& repository,
                                                const std::string& scope, base::HttpClient& http,
                                                const std::stop_token& stop) {
    if (challenge.scheme == "basic") {
        const auto credentials = credentials_.find(host_, repository);
        if (!credentials) return std::nullopt;
        const std::lock_guard lock(mutex_);
        basic_ = true;
        return basic(*credentials);
    }
    const auto token = fetch_token(challenge, repository, scope, http, stop);
    const std::lock_guard lock(mutex_);
    tokens_.insert_or_assign(scope, token);
    return "Bearer " + token.value;
}

RegistryAuth::Token RegistryAuth::fetch_token(const Challenge& challenge,
                                              const std::string& repository,
                                              const std::string& scope, base::HttpClient& http,
                                              const std::stop_token& stop) const {
    const auto realm = challenge.parameters.find("realm");
    if (realm == challenge.parameters.end())
        throw Error(Errc::remote, "{} requires a token, but its challenge has no realm", host_);
    if (!plain_http_ && base::parse_url(realm->second).scheme != "https") {
        throw Error(
            Errc::denied,
            "{} requires a token from {}, which is not HTTPS: no credentials are sent there", host_,
            realm->second);
    }
    auto url = realm->second;
    if (const auto service = challenge.parameters.find("service");
        service != challenge.parameters.end()) {
        url = base::with_query(url, "service", service->second);
    }
    // Several scopes (a mount across repositories) are several parameters.
    for (std::size_t from = 0; from < scope.size();) {
        const auto end = std::min(scope.find(' ', from), scope.size());
        url = base::with_query(url, "scope", scope.substr(from, end - from));
        from = end + 1;
    }
    const auto credentials = credentials_.find(host_, repository);
    base::HttpRequest request{.url = url};
    if (credentials && !credentials->identity_token.empty()) {
        request.method = "POST";
        request.url = realm->second;
        request.headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
        const auto service = challenge.parameters.find("service");
        request.body = fmt::format(
            "grant_type=refresh_token&service={}&client_id=airlock&scope={}&refresh_token={}",
            base::percent_encode(service == challenge.parameters.end() ? "" : service->second),
            base::percent_encode(scope), base::percent_encode(credentials->identity_token));
    } else if (credentials) {
        request.authorization = basic(*credentials);
    }
    const auto response = http.send(request, stop);
    if (response.status == 401 || response.status == 403) {
        throw Error(Errc::denied, "{} rejected the {}", host_,
                    credentials ? "user name or password" : "anonymous access")
            .set_hint(credentials ? "check the user name and the password" : credentials_.hint());
    }
    if (!response.ok())
        throw base::status_error(
            response, fmt::format("the token service of {} returned {}", host_, response.status));
    const auto json = base::parse_json(response.body, "the token response of " + host_);
    // Harbor returns an empty access_token in addition to the token.
    auto value = base::get_string(json, "token", host_);
    if (value.empty()) value = base::get_string(json, "access_token", host_);
    if (value.empty())
        throw Error(Errc::remote, "the token service of {} returned no token", host_);
    // It becomes a request header.
    if (!std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; }))
        throw Error(Errc::remote, "the token service of {} returned an invalid token", host_);
    std::int64_t seconds = 60;
    if (const auto* given = base::find(json, "expires_in");
        given != nullptr && given->is_number_integer()) {
        constexpr std::int64_t kDay = 86'400;  // the value is not trusted; longer is not needed
        seconds = std::clamp<std::int64_t>(given->get<std::int64_t>(), 0, kDay);
    }
    return {.value = std::move(value),
            .expires = std::chrono::steady_clock::now() +
                       std::chrono::seconds(std::max<std::int64_t>(seconds - 10, 1))};
}

}  // namespace airlock::images
