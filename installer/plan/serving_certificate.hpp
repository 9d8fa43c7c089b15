// The serving certificate, when the installer is the issuer: the one in the cluster while it is
// valid, otherwise a new one, issued when the plan is executed. Planning never creates a key.
#pragma once

#include "installer/plan/certificate.hpp"
#include "installer/plan/planned_object.hpp"
#include "kubernetes/client.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <optional>

namespace airlock::installer {

// The certificate in `spec.secret`, if it has all names and stays valid for 30 days.
std::optional<CertificateBundle> usable_certificate(kubernetes::Client& client,
                                                    const manifests::CertificateSpec& spec);

// A new certificate, with a new CA.
CertificateBundle issue_serving_certificate(const manifests::CertificateSpec& spec);

// The Secret (kubernetes.io/tls) for it. With an empty `certificate` its values are empty, which is
// enough for a dry run.
PlannedObject certificate_secret(const manifests::CertificateSpec& spec,
                                 const CertificateBundle& certificate);

}  // namespace airlock::installer
