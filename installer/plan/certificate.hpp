// Issues a CA and a serving certificate for the names of a Service, with OpenSSL: P-256, SHA-256.
// The private key of the CA is never kept.
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
    std::vector<std::string> ip_addresses = {};
    std::chrono::days leaf_lifetime{825};
    std::chrono::days ca_lifetime{3650};
};

// A new CA, whose key is discarded, and a leaf that it signed.
CertificateBundle issue_certificate(const CertificateRequest& request);

// Whether the leaf is signed by the CA, matches the key, has all these SANs and stays valid for
// `remaining`. False for anything that cannot be parsed.
bool is_usable(const CertificateBundle& bundle, const std::vector<std::string>& dns_names,
               const std::vector<std::string>& ip_addresses, std::chrono::days remaining);

}  // namespace airlock::installer
