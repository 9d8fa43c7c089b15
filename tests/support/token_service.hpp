// A token service (distribution: docs/spec/auth/token) for a real registry: users with passwords,
// and optionally anonymous pull. Its tokens are JWTs signed by a certificate authority.
#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/http_server.hpp"

#include <atomic>
#include <map>
#include <string>

namespace airlock::test {

class TokenService {
  public:
    explicit TokenService(std::map<std::string, std::string> users, bool anonymous_pull = false);

    // The value for DockerRegistryOptions::token_settings.
    std::string registry_settings() const;
    const HttpServer& server() const { return server_; }
    // Issues tokens that the registry rejects, as after a key change, until reset.
    void issue_invalid_tokens() { invalid_ = true; }
    void issue_valid_tokens() { invalid_ = false; }

  private:
    ServerReply answer(const ServerRequest& request) const;
    std::string token(const std::string& user, const std::string& access) const;

    CertificateAuthority authority_{"token authority"};
    std::map<std::string, std::string> users_;
    bool anonymous_pull_;
    std::atomic<bool> invalid_{false};
    HttpServer server_;
};

}  // namespace airlock::test
