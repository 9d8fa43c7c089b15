#include "tests/support/token_service.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/signature.hpp"

#include <algorithm>
#include <chrono>

namespace airlock::test {
namespace {

using base::Json;

std::string base64_url(std::string_view bytes) {
    auto text = base::base64_encode(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.erase(std::min(text.find('='), text.size()));
    return text;
}

// DER: SEQUENCE of two INTEGERs; JWS (RFC 7518, 3.4) requires 32 bytes each.
std::string raw_signature(std::string_view der) {
    std::string out;
    std::size_t at = 2;
    for (int number = 0; number < 2; ++number) {
        const auto size = static_cast<std::size_t>(der[at + 1]);
        auto digits = der.substr(at + 2, size);
        while (digits.size() > 32)
            digits.remove_prefix(1);  // the zero that keeps it positive
        out += std::string(32 - digits.size(), '\0');
        out += digits;
        at += 2 + size;
    }
    return out;
}

// The base64 of a PEM text, without its header and footer.
std::string der_base64(const std::string& pem) {
    const auto begin = pem.find('\n') + 1;
    auto text = pem.substr(begin, pem.find("-----END") - begin);
    std::erase(text, '\n');
    return text;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

// repository:NAME:pull,push of every scope parameter, as the registry expects it in the token.
Json access_of(std::string_view target, bool may_push) {
    Json out = Json::array();
    for (auto at = target.find("scope="); at != std::string_view::npos;
         at = target.find("scope=", at + 1)) {
        const auto from = at + 6;
        const auto scope = percent_decode(target.substr(from, target.find('&', from) - from));
        const auto first = scope.find(':');
        const auto last = scope.rfind(':');
        Json actions = Json::array();
        for (std::size_t i = last + 1; i < scope.size();) {
            const auto end = std::min(scope.find(',', i), scope.size());
            const auto action = scope.substr(i, end - i);
            if (may_push || action == "pull") actions.push_back(action);
            i = end + 1;
        }
        out.push_back({{"type", scope.substr(0, first)},
                       {"name", scope.substr(first + 1, last - first - 1)},
                       {"actions", actions}});
    }
    return out;
}

}  // namespace

TokenService::TokenService(std::map<std::string, std::string> users, bool anonymous_pull)
    : users_(std::move(users)),
      anonymous_pull_(anonymous_pull),
      server_([this](const ServerRequest& request) { return answer(request); }) {}

std::string TokenService::registry_settings() const {
    return "{realm: \"" + server_.url() +
           "/token\", service: test-registry, issuer: test-issuer, rootcertbundle: " +
           authority_.file().string() + "}";
}

std::string TokenService::token(const std::string& user, const std::string& access) const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const Json head{
        {"typ", "JWT"}, {"alg", "ES256"}, {"x5c", Json::array({der_base64(authority_.pem())})}};
    const Json claims{{"iss", "test-issuer"},
                      {"sub", user},
                      {"aud", invalid_ ? "somebody else" : "test-registry"},
                      {"exp", now + 300},
                      {"nbf", now - 10},
                      {"iat", now},
                      {"jti", std::to_string(now)},
                      {"access", Json::parse(access)}};
    const auto text = base64_url(head.dump()) + "." + base64_url(claims.dump());
    const auto der = base::base64_decode(base::sign(text, authority_.key_pem(), "key"), "it");
    return text + "." + base64_url(raw_signature(der));
}

ServerReply TokenService::answer(const ServerRequest& request) const {
    const auto given = request.header("authorization");
    std::string user;
    if (!given.empty()) {
        const auto pair = base::base64_decode(given.substr(given.find(' ') + 1), "it");
        user = pair.substr(0, pair.find(':'));
        const auto known = users_.find(user);
        if (known == users_.end() || pair != user + ":" + known->second)
            return {.status = 401, .body = "wrong user name or password"};
    } else if (!anonymous_pull_) {
        return {.status = 401, .body = "nobody without a password"};
    }
    const auto access = access_of(request.target, !user.empty()).dump();
    return {.headers = {{"Content-Type", "application/json"}},
            .body = Json{{"token", token(user, access)}, {"expires_in", 300}}.dump()};
}

}  // namespace airlock::test
