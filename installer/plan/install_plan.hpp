// What an install is going to do, worked out before anything changes: every object's text, pointed
// at the private registry, in the order in which it is applied.
#pragma once

#include "images/credentials.hpp"
#include "installer/plan/image_placement.hpp"
#include "installer/plan/planned_object.hpp"
#include "kubernetes/client.hpp"
#include "manifests/bundle/reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::installer {

struct PlannedComponent {
    std::string name;
    std::vector<PlannedObject> objects;  // in the order of applying, webhook configurations last
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
    // Of issuer installer: the authority that webhook configurations are given; empty while the
    // certificate is to be issued.
    std::string ca_pem;
    bool issues_certificate = false;
    std::string fingerprint;  // of everything asked for: two equal ones ask for the same

    std::vector<kubernetes::ObjectKey> keys() const;
    std::vector<std::string> component_names() const;
};

// Reads the cluster, changes nothing. Errc::usage for values and components that the bundle does
// not know.
InstallPlan make_install_plan(kubernetes::Client& client, const manifests::Bundle& bundle,
                              const PlanRequest& request);

// Issues the certificate of a plan that is going to be carried out; nothing to do when
// issues_certificate is false.
void issue_certificate_of(InstallPlan& plan, const manifests::BundleSpec& spec);

}  // namespace airlock::installer
