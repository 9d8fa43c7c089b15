// Authentication to a registry: anonymous, basic, or a bearer token from its token service
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

// A WWW-Authenticate header: Bearer realm="…",service="…",scope="…". Of several challenges (RFC
// 9110, 11.6.1) the bearer one, else the basic one.
struct Challenge {
    std::string scheme;  // lower case
    std::map<std::string, std::string> parameters;

    static std::optional<Challenge> parse(std::string_view header);
};

class RegistryAuth {
  public:
    RegistryAuth(std::string host, CredentialStore credentials, bool plain_http);

    // The Authorization header to send for `scope` ("repository:x:pull"); empty before a challenge.
    std::string authorization(const std::string& repository, const std::string& scope);
    // After a 401: the value to retry with; nothing when there is none. Errc::denied when the token
    // service rejects the credentials.
    std::optional<std::string> answer(const Challenge& challenge, const std::string& repository,
                                      const std::string& scope, base::HttpClient& http,
                                      const std::stop_token& stop);
    // Basic, whatever the registry asks for: for a server's own API. Empty without credentials.
    std::string basic_authorization(const std::string& repository) const;
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
    bool basic_ = false;  // requested by the registry
    std::map<std::string, Token> tokens_;
};

}  // namespace airlock::images
