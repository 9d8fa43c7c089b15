// Certificates of our own, by OpenSSL: a CA and a serving certificate for a Service's names. P-256,
// SHA-256.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::installer {

struct CertificateBundle {
    std::string ca_pem;
    std::string certificate_pem;  // the leaf alone
    std::string key_pem;          // PKCS#8; a secret
};

struct CertificateRequest {
    std::string common_name;             // of the CA: "node-oversell-webhook CA"
    std::vector<std::string> dns_names;  // the SANs; at least one
    std::chrono::days leaf_lifetime{825};
    std::chrono::days ca_lifetime{3650};
};

// A fresh CA, whose key is forgotten at once, and a leaf signed by it.
CertificateBundle issue_certificate(const CertificateRequest& request);

// Whether the leaf is signed by the CA, belongs to the key, names all `dns_names` and is valid for
// `remaining` more. Anything unreadable is false.
bool is_usable(const CertificateBundle& bundle, const std::vector<std::string>& dns_names,
               std::chrono::days remaining);

}  // namespace airlock::installer
