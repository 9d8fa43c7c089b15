// How a registry wants to be asked: no credentials, basic, or a bearer token from its token service
// (distribution: docs/spec/auth/token). Tokens are cached by scope. Any thread may call.
#pragma once

#include "base/http.hpp"
#include "images/credentials.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::images {

// What a WWW-Authenticate header asks for: Bearer realm="…",service="…",scope="…". Of several
// challenges (RFC 9110, 11.6.1) the one for a token, else the one for a password.
struct Challenge {
    std::string scheme;  // lower case
    std::map<std::string, std::string> parameters;

    static std::optional<Challenge> parse(std::string_view header);
};

class RegistryAuth {
  public:
    RegistryAuth(std::string host, CredentialStore credentials, bool plain_http);

    // What to send at once for `scope` ("repository:x:pull"); empty when nothing is known yet.
    std::string authorization(const std::string& repository, const std::string& scope);
    // After a 401: the value to try again with. Nothing when there is nothing better to try.
    // Errc::denied when the token service refuses the password.
    std::optional<std::string> answer(const Challenge& challenge, const std::string& repository,
                                      const std::string& scope, base::HttpClient& http,
                                      const std::stop_token& stop);
    bool has_credentials(const std::string& repository) const {
        return credentials_.find(host_, repository).has_value();
    }

  private:
    struct Token {
        std::string value;
        std::chrono::steady_clock::time_point expires;
    };

    Token fetch_token(const Challenge& challenge, const std::string& repository,
                      const std::string& scope, base::HttpClient& http,
                      const std::stop_token& stop) const;

    std::string host_;
    CredentialStore credentials_;
    bool plain_http_;
    std::mutex mutex_;
    bool basic_ = false;  // the registry asked for it
    std::map<std::string, Token> tokens_;
};

}  // namespace airlock::images
