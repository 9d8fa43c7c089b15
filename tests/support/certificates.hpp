// A certificate authority for a test and server certificates signed by it, created by openssl(1).
#pragma once

#include "tests/support/temp_folder.hpp"

#include <filesystem>
#include <string>

namespace airlock::test {

struct ServerCertificate {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

class CertificateAuthority {
  public:
    explicit CertificateAuthority(const std::string& name = "test authority");

    std::string pem() const { return folder_.read("ca.crt"); }
    std::string key_pem() const { return folder_.read("ca.key"); }
    std::filesystem::path file() const { return folder_ / "ca.crt"; }
    // `names` in the syntax of openssl(1): "IP:127.0.0.1,DNS:localhost".
    ServerCertificate issue(const std::string& names, int days = 2) const;

  private:
    TempFolder folder_;
};

}  // namespace airlock::test
