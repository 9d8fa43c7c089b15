// The certificate of the service, when the installer issues it: the one in the cluster while it is
// good, otherwise one that is issued when the plan is carried out. A plan alone makes no key.
#pragma once

#include "installer/plan/certificate.hpp"
#include "installer/plan/planned_object.hpp"
#include "kubernetes/client.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <optional>

namespace airlock::installer {

// What the cluster has in `spec.secret`, when it is valid for all names and 30 days more.
std::optional<CertificateBundle> usable_certificate(kubernetes::Client& client,
                                                    const manifests::CertificateSpec& spec);

// A fresh one.
CertificateBundle issue_serving_certificate(const manifests::CertificateSpec& spec);

// The Secret (kubernetes.io/tls) that holds it. An empty `certificate` gives one with empty values,
// which a dry run takes.
PlannedObject certificate_secret(const manifests::CertificateSpec& spec,
                                 const CertificateBundle& certificate);

}  // namespace airlock::installer
