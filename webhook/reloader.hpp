// Takes policy and certificate from their files into force, at the start and whenever the files
// change. What cannot be used leaves the last good one in force: a half-written pair, a policy with
// a mistake.
#pragma once

#include "webhook/certificate.hpp"
#include "webhook/endpoints.hpp"
#include "webhook/file_watch.hpp"

#include <filesystem>

namespace airlock::webhook {

struct ServedFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path policy;
};

class Reloader {
  public:
    Reloader(ServedFiles files, ServiceState& state);

    // Looks once; `anyway` reads files that did not change, too. Never throws: findings go to log
    // and metrics.
    void look(bool anyway = false);

  private:
    void load_policy();
    void load_certificate();

    ServedFiles files_;
    ServiceState& state_;
    TlsContextFactory tls_;
    FileWatch policy_watch_;
    FileWatch certificate_watch_;
};

}  // namespace airlock::webhook
