#include "installer/plan/serving_certificate.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace airlock::installer {
namespace {

constexpr std::chrono::days kRenewBefore{30};

kubernetes::ObjectKey secret_key(const manifests::CertificateSpec& spec) {
    return {.api_version = "v1",
            .kind = "Secret",
            .namespace_name = spec.secret.namespace_name,
            .name = spec.secret.name};
}

}  // namespace

std::optional<CertificateBundle> usable_certificate(kubernetes::Client& client,
                                                    const manifests::CertificateSpec& spec) {
    const auto key = secret_key(spec);
    const auto live = client.get(key);
    if (!live) return std::nullopt;
    const auto field = [&](std::string_view name) {
        return base::base64_decode(base::text_at(*live, {"data", name}), key.text());
    };
    CertificateBundle certificate{.ca_pem = field("ca.crt"),
                                  .certificate_pem = field("tls.crt"),
                                  .key_pem = field("tls.key")};
    if (!is_usable(certificate, spec.dns_names, spec.ip_addresses, kRenewBefore))
        return std::nullopt;
    return certificate;
}

CertificateBundle issue_serving_certificate(const manifests::CertificateSpec& spec) {
    return issue_certificate({.common_name = spec.secret.namespace_name + " CA",
                              .dns_names = spec.dns_names,
                              .ip_addresses = spec.ip_addresses});
}

PlannedObject certificate_secret(const manifests::CertificateSpec& spec,
                                 const CertificateBundle& certificate) {
    return {
        .key = secret_key(spec),
        .text = base::dump_json(
            {{"apiVersion", "v1"},
             {"kind", "Secret"},
             {"metadata", {{"name", spec.secret.name}, {"namespace", spec.secret.namespace_name}}},
             {"type", "kubernetes.io/tls"},
             {"data",
              {{"tls.crt", base::base64_encode(certificate.certificate_pem)},
               {"tls.key", base::base64_encode(certificate.key_pem)},
               {"ca.crt", base::base64_encode(certificate.ca_pem)}}}})};
}

}  // namespace airlock::installer
