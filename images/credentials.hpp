// Registry credentials: set explicitly, or read from the files that docker, podman and skopeo write
// (config.json, REGISTRY_AUTH_FILE). Credential helpers are programs and are never run. Secrets are
// never formatted into messages.
#pragma once

#include "images/reference.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace airlock::images {

struct Credentials {
    std::string username;
    std::string password;
    std::string identity_token;  // an OAuth2 refresh token, instead of a password
};

class CredentialStore {
  public:
    CredentialStore() = default;
    // Reads `file`, which must exist, or else the first existing one of $REGISTRY_AUTH_FILE,
    // $DOCKER_CONFIG/config.json, ~/.docker/config.json, $XDG_RUNTIME_DIR/containers/auth.json.
    static CredentialStore load(const std::optional<std::filesystem::path>& file);

    void set(const std::string& registry, Credentials credentials);
    // The longest matching key, from host/path/repository down to host (containers-auth.json(5));
    // docker.io matches https://index.docker.io/v1/ too.
    std::optional<Credentials> find(const std::string& registry,
                                    const std::string& repository) const;

    // How the user of this program gives credentials: the hint of a refusal.
    void set_hint(std::string hint) { hint_ = std::move(hint); }
    const std::string& hint() const { return hint_; }

  private:
    std::map<std::string, Credentials> by_key_;
    std::string hint_ = "log in with docker login or podman login";
};

}  // namespace airlock::images
