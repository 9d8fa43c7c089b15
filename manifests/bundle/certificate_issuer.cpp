#include "manifests/bundle/certificate_issuer.hpp"

#include "base/error.hpp"

namespace airlock::manifests {

std::string_view to_string(CertificateIssuer issuer) {
    switch (issuer) {
        case CertificateIssuer::automatic:
            return "auto";
        case CertificateIssuer::installer:
            return "installer";
        case CertificateIssuer::cert_manager:
            return "cert-manager";
        case CertificateIssuer::csr:
            return "csr";
    }
    return "auto";
}

CertificateIssuer parse_certificate_issuer(std::string_view word) {
    using enum CertificateIssuer;
    for (const auto issuer : {automatic, installer, cert_manager, csr}) {
        if (word == to_string(issuer)) return issuer;
    }
    base::Error error(base::Errc::usage, "unknown certificate issuer \"{}\"", word);
    throw error.set_hint("valid issuers: auto, installer, cert-manager, csr");
}

}  // namespace airlock::manifests
