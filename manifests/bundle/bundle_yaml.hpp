// bundle.yaml, the description of a kit (apiVersion airlock.dev/v1, kind Bundle), as plain structs.
// Reads text only: whether the files and images exist is for the bundler to find out.
#pragma once

#include "base/digest.hpp"
#include "images/reference.hpp"
#include "manifests/values.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

// "namespace/name"
struct NamespacedName {
    std::string namespace_name;
    std::string name;

    auto operator<=>(const NamespacedName&) const = default;
    std::string text() const { return namespace_name + "/" + name; }
    // Errc::invalid unless both are names as Kubernetes takes them.
    static NamespacedName parse(std::string_view text);
};

// Who signs the service's certificate.
enum class CertificateIssuer {
    automatic,     // "auto": cert-manager when the bundle or the cluster has it, else the installer
    installer,     // the installer's own CA
    cert_manager,  // the kit's Issuer and Certificate objects
    csr,           // the operator's CA signs a request that the installer writes
};
std::string_view to_string(CertificateIssuer issuer);
CertificateIssuer parse_certificate_issuer(std::string_view word);  // Errc::usage for another word

// An image made of files, with no container engine.
struct BuildSpec {
    std::map<std::string, std::string>
        files;  // absolute path in the image -> path on the host, beside bundle.yaml
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> env;  // NAME=value
    std::string user;              // "65532:65532"
    std::string workdir;
    std::map<std::string, std::string> labels;
};

// An image that lies in files of the host.
struct FromSpec {
    enum class Kind { oci_layout, oci_archive, docker_archive };
    Kind kind = Kind::oci_layout;
    std::string path;  // of the folder or the archive, from the folder of bundle.yaml
    std::string name;  // what it is called there; empty: as `ref` says
};
std::string_view to_string(FromSpec::Kind kind);  // the key in bundle.yaml: "oci-layout"

// With neither `build` nor `from` it comes from the registry that `ref` names.
struct ImageSpec {
    images::Reference ref;
    std::vector<std::string> platforms = {
        "linux/amd64"};  // os/architecture[/variant], at least one; one alone with `build`
    std::optional<BuildSpec> build;
    std::optional<FromSpec> from;
    std::size_t line = 0;  // of bundle.yaml
};

// One file of manifests: either `file` (below the folder of bundle.yaml) or `url` (https).
struct ManifestSpec {
    std::string file;
    std::string url;
    std::optional<base::Digest> sha256;  // absent: the build records what it got in the lock
    // Applied only when this issuer signs the certificate: cert_manager or installer.
    std::optional<CertificateIssuer> issuer;
    // Applied only when the API server serves the group version `api`, and not when it serves
    // `unless_api`: {api: policy/v1} beside {api: policy/v1beta1, unlessApi: policy/v1} gives each
    // server the one it knows.
    std::string api;
    std::string unless_api;
    bool substitute =
        true;  // ${NAME} is replaced; by default in files of our own, not in what comes from a URL
    std::size_t line = 0;

    const std::string& source() const { return file.empty() ? url : file; }
};

// Whether `manifest` is for a cluster that serves `group_versions` ("v1", "policy/v1"), its
// certificate from `issuer`.
bool is_wanted(const ManifestSpec& manifest, CertificateIssuer issuer,
               const std::set<std::string>& group_versions);

struct Component {
    std::string name;
    bool optional = false;
    std::vector<ImageSpec> images;
    std::vector<ManifestSpec> manifests;
    std::size_t line = 0;
};

// A webhook configuration (or another kind with a caBundle) that gets the CA of the certificate.
struct InjectTarget {
    std::string kind;
    std::string name;

    auto operator<=>(const InjectTarget&) const = default;
    std::string text() const { return kind + "/" + name; }
};

struct CertificateSpec {
    CertificateIssuer issuer = CertificateIssuer::automatic;
    NamespacedName secret;  // kubernetes.io/tls, with tls.crt, tls.key and ca.crt
    std::optional<NamespacedName> certificate;  // cert-manager's Certificate to wait for
    std::vector<std::string> dns_names;         // at least one
    std::vector<InjectTarget> inject;
};

// GET https://SERVICE:PORT/PATH must answer 200, with `expect` (spaces around it aside) unless that
// is empty.
struct Check {
    NamespacedName service;
    std::uint16_t port = 443;
    std::string path = "/";
    std::string expect;
};

struct NodesSpec {
    bool resync = false;  // send every node an empty status patch when the webhook comes or goes
    std::string state_annotation;  // taken off every node at rollback; empty for none
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

// Errc::invalid, with file:line:column, for an unknown key, a wrong type, two components of a name,
// two the same image twice in a component or with two descriptions, and a manifest path that leaves
// the folder.
BundleSpec parse_bundle_spec(std::string_view text, std::string_view file);

// The components that are not optional and those named, in the order of the description.
// Errc::usage, listing the known ones, for another name.
std::vector<Component> select_components(const BundleSpec& spec,
                                         const std::vector<std::string>& names);

}  // namespace airlock::manifests
