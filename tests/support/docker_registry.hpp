// A real registry (Distribution, docker-registry(1)) on a free port of 127.0.0.1, with its data in
// a temporary directory.
#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace airlock::test {

struct DockerRegistryOptions {
    std::optional<ServerCertificate> tls = std::nullopt;
    // user and password
    std::optional<std::pair<std::string, std::string>> htpasswd = std::nullopt;
    std::string token_settings = {};  // the YAML of auth: token:, as a flow mapping
    std::string external_url = {};    // http.host: the prefix of its Location headers
    bool deletes = true;
};

class DockerRegistry {
  public:
    explicit DockerRegistry(DockerRegistryOptions options = {});

    const std::string& address() const { return address_; }  // 127.0.0.1:PORT
    std::string log() const { return daemon_->log(); }

  private:
    void write_config(const DockerRegistryOptions& options) const;

    TempFolder folder_;
    std::string address_;
    std::unique_ptr<Daemon> daemon_;
};

}  // namespace airlock::test
