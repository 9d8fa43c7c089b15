// What an install is going to do, worked out before anything changes: every object's text, pointed
// at the private registry, in the order in which it is applied.
#pragma once

#include "images/credentials.hpp"
#include "installer/plan/certificate.hpp"
#include "installer/plan/push_plan.hpp"
#include "kubernetes/client.hpp"
#include "manifests/bundle/reader.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace airlock::installer {

inline constexpr std::string_view kFieldManager = "airlock";
inline constexpr std::string_view kPullSecretManager = "airlock-pull-secret";
inline constexpr std::string_view kCertificateManager = "airlock-certificate";
inline constexpr std::string_view kPullSecretName = "airlock-registry";

struct PlannedObject {
    kubernetes::ObjectKey key;
    std::string text;  // what is applied; may hold a secret
    std::string field_manager{kFieldManager};
};

struct PlannedComponent {
    std::string name;
    std::vector<PlannedObject>
        objects;  // in the order of applying, its webhook configurations last
};

struct PlanRequest {
    std::string registry;  // host[:port], as images name it
    std::string prefix;
    bool plain_http = false;
    std::vector<std::string> components;
    manifests::Values values;
    std::optional<images::Credentials> pull_credentials;
};

struct InstallPlan {
    std::vector<PlannedComponent> components;
    std::vector<ImagePlacement> placements;
    manifests::CertificateIssuer issuer = manifests::CertificateIssuer::installer;
    std::string ca_pem;       // of issuer installer: what webhook configurations are given
    std::string fingerprint;  // of everything asked for: two equal ones ask for the same

    std::vector<kubernetes::ObjectKey> keys() const;
    std::vector<std::string> component_names() const;
};

// Reads the cluster, changes nothing. Errc::usage for values and components that the bundle does
// not know.
InstallPlan make_install_plan(kubernetes::Client& client, const manifests::Bundle& bundle,
                              const PlanRequest& request);

}  // namespace airlock::installer
