// bundle.yaml, which describes a kit (apiVersion airlock.dev/v1, kind Bundle), as plain structs;
// docs/bundle-yaml.md documents every key. Reads text only: whether the files and images exist is
// for the bundler to find out.
#pragma once

#include "base/digest.hpp"
#include "kubernetes/object_name.hpp"
#include "manifests/bundle/certificate_issuer.hpp"
#include "manifests/bundle/image_yaml.hpp"
#include "manifests/bundle/placement.hpp"
#include "manifests/values.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

// A manifest file: either `file` (below the directory of bundle.yaml) or `url` (https).
struct ManifestSpec {
    std::string file;
    std::string url;
    std::optional<base::Digest> sha256;  // absent: the lock pins what the first build fetched
    // Applied only when this issuer signs the certificate: cert_manager or installer.
    std::optional<CertificateIssuer> issuer;
    // Applied only if the API server serves the group version `api` and does not serve
    // `unless_api`: {api: policy/v1} next to {api: policy/v1beta1, unlessApi: policy/v1} gives each
    // server the version that it supports.
    std::string api;
    std::string unless_api;
    std::optional<Placement> placement;  // applied only in this one: control_plane or service
    // Whether ${NAME} is replaced; the default is true for `file` and false for `url`.
    bool substitute = true;
    std::size_t line = 0;

    const std::string& source() const { return file.empty() ? url : file; }
};

// What the conditions of manifests and checks refer to.
struct InstallTarget {
    CertificateIssuer issuer = CertificateIssuer::installer;  // never automatic
    Placement placement = Placement::service;                 // never automatic
    std::set<std::string> group_versions = {};  // that the API server serves: "v1", "policy/v1"
};
bool is_wanted(const ManifestSpec& manifest, const InstallTarget& target);

struct Component {
    std::string name;
    bool optional = false;
    std::vector<ImageSpec> images;
    std::vector<ManifestSpec> manifests;
    std::size_t line = 0;
};

// An object with a caBundle, such as a webhook configuration, that receives the CA certificate.
struct InjectTarget {
    std::string kind;
    std::string name;

    auto operator<=>(const InjectTarget&) const = default;
    std::string text() const { return kind + "/" + name; }
};

struct CertificateSpec {
    CertificateIssuer issuer = CertificateIssuer::automatic;
    kubernetes::NamespacedName
        secret;  // of type kubernetes.io/tls, with tls.crt, tls.key and ca.crt
    std::optional<kubernetes::NamespacedName>
        certificate;                     // cert-manager's Certificate to wait for
    std::vector<std::string> dns_names;  // at least one
    std::vector<std::string> ip_addresses;
    std::vector<InjectTarget> inject;
};

// GET https://SERVICE:PORT/PATH must return 200 and, unless it is empty, `expect` (ignoring
// surrounding white space).
struct Check {
    kubernetes::NamespacedName service;
    std::uint16_t port = 443;
    std::string path = "/";
    std::string expect;
    std::optional<Placement> placement;  // run only in this one
};

struct NodesSpec {
    bool resync = false;  // send every node an empty status patch after install and rollback
    std::string state_annotation;  // removed from every node at rollback; empty for none
};

struct BundleSpec {
    std::string name;
    std::string version;
    std::vector<Component> components;
    std::optional<CertificateSpec> certificate;
    Values values;
    std::vector<Check> checks;
    NodesSpec nodes;
};

// Whether manifests or checks depend on the placement, so that one has to be chosen.
bool has_placements(const BundleSpec& spec);

// Errc::invalid, with file:line:column, for an unknown key, a wrong type or value, duplicate
// components or images, and a manifest path outside the directory.
BundleSpec parse_bundle_spec(std::string_view text, std::string_view file);

// The components that are not optional and those in `names`, in the order of bundle.yaml.
// Errc::usage, listing the known ones, for an unknown name.
std::vector<Component> select_components(const BundleSpec& spec,
                                         const std::vector<std::string>& names);

}  // namespace airlock::manifests
