// Loads the policy, the certificate and the CA of clients from their files, at startup and whenever
// the files change.
// If one is not valid (a policy with an error, a certificate whose key is not written yet), the
// last valid one stays active.
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
    std::filesystem::path client_ca = {};  // empty: clients need no certificate
};

class Reloader {
  public:
    Reloader(ServedFiles files, ServiceState& state);

    // Loads what has changed since the last call; with `force`, everything. Never throws: errors
    // are reported in the log and in the metrics.
    void reload_changed(bool force = false);

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
