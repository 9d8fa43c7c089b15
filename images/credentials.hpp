// User names and passwords for registries: given by hand, or from the files that docker, podman and
// skopeo write (config.json, REGISTRY_AUTH_FILE). Credential helpers are programs and are not run.
// A secret is never formatted.
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
    // The file named, or without one: $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json,
    // ~/.docker/config.json, $XDG_RUNTIME_DIR/containers/auth.json; the first that is there. A
    // named file that is absent is an error.
    static CredentialStore load(const std::optional<std::filesystem::path>& file);

    void set(const std::string& registry, Credentials credentials);
    // The longest key that fits: host/path/repository down to host (containers-auth.json(5));
    // docker.io also under https://index.docker.io/v1/.
    std::optional<Credentials> find(const std::string& registry,
                                    const std::string& repository) const;

  private:
    std::map<std::string, Credentials> by_key_;
};

}  // namespace airlock::images
