// What an install will do: the text of every object, with images from the private registry, in the
// order of applying. Reads the cluster, never changes it.
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
    std::optional<manifests::Placement> installed_placement;  // of the installed version
};

struct InstallPlan {
    std::vector<PlannedComponent> components;
    std::vector<ImagePlacement> placements;
    manifests::CertificateIssuer issuer = manifests::CertificateIssuer::installer;
    manifests::Placement placement = manifests::Placement::service;
    // With issuer installer: the CA bundle for webhook configurations; empty until the certificate
    // is issued.
    std::string ca_pem;
    bool issues_certificate = false;
    std::string fingerprint;  // equal fingerprints: the same bundle, values and registry

    std::vector<kubernetes::ObjectKey> keys() const;
    std::vector<std::string> component_names() const;
};

// Errc::usage for values and components that the bundle does not have.
InstallPlan make_install_plan(kubernetes::Client& client, const manifests::Bundle& bundle,
                              const PlanRequest& request);

// Issues the serving certificate of a plan that will be executed. Does nothing when
// issues_certificate is false.
void issue_planned_certificate(InstallPlan& plan, const manifests::BundleSpec& spec);

}  // namespace airlock::installer
