// Who signs the serving certificate of a kit's service.
#pragma once

#include <string_view>

namespace airlock::manifests {

enum class CertificateIssuer {
    automatic,     // "auto": cert-manager if the bundle or the cluster has it, else the installer
    installer,     // a CA that the installer generates
    cert_manager,  // the Issuer and Certificate objects of the kit
    csr,           // the operator's CA signs a request that the installer writes
};
std::string_view to_string(CertificateIssuer issuer);
CertificateIssuer parse_certificate_issuer(std::string_view word);  // Errc::usage if unknown

}  // namespace airlock::manifests
