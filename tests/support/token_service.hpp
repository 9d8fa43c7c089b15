// A token service (distribution: docs/spec/auth/token) for a real registry: users with passwords,
// and everybody else may pull when the test says so. Its tokens are JWTs that an authority signs.
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

    // What DockerRegistryOptions::token_settings wants.
    std::string registry_settings() const;
    const HttpServer& server() const { return server_; }
    // From now on its tokens fit no registry: as after a key was changed.
    void spoil() { spoilt_ = true; }
    void heal() { spoilt_ = false; }

  private:
    ServerReply answer(const ServerRequest& request) const;
    std::string token(const std::string& user, const std::string& access) const;

    CertificateAuthority authority_{"token authority"};
    std::map<std::string, std::string> users_;
    bool anonymous_pull_;
    std::atomic<bool> spoilt_{false};
    HttpServer server_;
};

}  // namespace airlock::test
