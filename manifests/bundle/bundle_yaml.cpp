#include "manifests/bundle/bundle_yaml.hpp"

#include "base/error.hpp"
#include "base/yaml_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// A name of a Kubernetes object (RFC 1123 subdomain).
bool is_object_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && is_lower_alnum(text.front()) &&
           is_lower_alnum(text.back()) && std::ranges::all_of(text, [](char c) {
               return is_lower_alnum(c) || c == '-' || c == '.';
           });
}

// As semantic versions have it, in letters that are safe in file names, labels and tags.
bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= 63 && is_lower_alnum(text.front()) &&
           std::ranges::all_of(text, [](char c) {
               return is_lower_alnum(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                      c == '_';
           });
}

bool is_platform(std::string_view text) {
    const auto slashes = std::ranges::count(text, '/');
    return (slashes == 1 || slashes == 2) && text.front() != '/' && text.back() != '/' &&
           text.find("//") == std::string_view::npos && std::ranges::all_of(text, [](char c) {
               return is_lower_alnum(c) || c == '/' || c == '.' || c == '-' || c == '_';
           });
}

// Each part a name: neither empty, nor . or ..
bool has_plain_parts(std::string_view path) {
    for (;;) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

template <typename Parse>
auto at_node(const base::YamlFields& fields, const base::YamlNode& node, Parse&& parse) {
    try {
        return parse();
    } catch (const Error& error) {
        fields.refuse(node, error.message(), error.hint());
    }
}

class SpecReader {
  public:
    explicit SpecReader(const base::YamlTree& tree) : tree_(tree) {}

    BundleSpec read() {
        base::YamlFields top(tree_, tree_.root(), "the bundle");
        if (top.string("apiVersion") != "airlock.dev/v1" || top.string("kind") != "Bundle") {
            top.refuse("this is no description of a bundle",
                       "it begins with \"apiVersion: airlock.dev/v1\" and \"kind: Bundle\"");
        }
        BundleSpec spec;
        const auto* metadata = top.find("metadata");
        if (metadata == nullptr)
            top.refuse("\"metadata\" is missing", "write metadata: {name: NAME, version: VERSION}");
        base::YamlFields about(tree_, *metadata, "metadata");
        spec.name = about.required_string("name");
        if (!is_object_name(spec.name)) {
            about.refuse("\"name\" has letters other than a-z, 0-9, - and .",
                         "it becomes part of labels and file names");
        }
        spec.version = about.required_string("version");
        if (!is_version(spec.version)) {
            about.refuse("\"version\" has letters other than a-z, A-Z, 0-9, . - and _",
                         "write it as \"1.2.3\"");
        }
        about.finish();
        for (const auto* node : top.list("components"))
            component(spec, *node);
        if (spec.components.empty())
            top.refuse("there is no component", "a bundle has at least one, with its images");
        if (const auto* node = top.find("certificate")) spec.certificate = certificate(*node);
        spec.values = top.string_map("values");
        if (const auto* values = top.find("values")) {
            for (const auto& entry : values->entries)
                check_declared(top, *entry.first, *entry.second);
        }
        for (const auto* node : top.list("checks"))
            spec.checks.push_back(check(*node));
        if (const auto* node = top.find("nodes")) {
            base::YamlFields fields(tree_, *node, "nodes");
            spec.nodes.resync = fields.flag("resync", false);
            spec.nodes.state_annotation = fields.string("stateAnnotation");
            fields.finish();
        }
        top.finish();
        return spec;
    }

  private:
    static void check_declared(const base::YamlFields& top, const base::YamlNode& name,
                               const base::YamlNode& value) {
        if (!is_value_name(name.value)) {
            top.refuse(
                name,
                fmt::format("the value's name \"{}\" has letters other than A-Z, a-z, 0-9 and _",
                            name.value));
        }
        at_node(top, value, [&] { check_value(name.value, value.value); });
    }

    void component(BundleSpec& spec, const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "a component");
        Component made;
        made.line = node.line;
        made.name = fields.required_string("name");
        if (!is_object_name(made.name))
            fields.refuse("\"name\" has letters other than a-z, 0-9, - and .");
        if (std::ranges::count(spec.components, made.name, &Component::name) > 0) {
            fields.refuse(fmt::format("there are two components of the name {}", made.name));
        }
        made.optional = fields.flag("optional", false);
        for (const auto* item : fields.list("images"))
            made.images.push_back(image(*item));
        for (const auto* item : fields.list("manifests"))
            made.manifests.push_back(manifest(*item));
        if (made.images.empty() && made.manifests.empty()) {
            fields.refuse(
                fmt::format("the component {} has neither images nor manifests", made.name));
        }
        fields.finish();
        spec.components.push_back(std::move(made));
    }

    ImageSpec image(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "an image");
        ImageSpec made;
        made.line = node.line;
        const auto text = fields.required_string("ref");
        made.ref = at_node(fields, node, [&] { return images::Reference::parse(text); });
        if (const auto [first, added] = images_.emplace(made.ref.text(), node.line); !added) {
            fields.refuse(
                fmt::format("the image {} is in line {} already", made.ref.text(), first->second));
        }
        if (auto platforms = fields.strings("platforms"); !platforms.empty())
            made.platforms = std::move(platforms);
        for (const auto& platform : made.platforms) {
            if (!is_platform(platform))
                fields.refuse(fmt::format("\"{}\" is no platform", platform), "write linux/amd64");
            if (std::ranges::count(made.platforms, platform) > 1) {
                fields.refuse(fmt::format("the platform {} is here twice", platform));
            }
        }
        if (const auto* recipe = fields.find("build")) made.build = build(*recipe);
        if (const auto* origin = fields.find("from")) made.from = from(*origin);
        if (made.build && made.from)
            fields.refuse("it has a \"build\" and a \"from\"", "keep one of the two");
        if (made.build && made.platforms.size() > 1) {
            fields.refuse("an image that is built from files is for one platform",
                          "give each platform's image a ref of its own");
        }
        fields.finish();
        return made;
    }

    FromSpec from(const base::YamlNode& node) {
        using enum FromSpec::Kind;
        base::YamlFields fields(tree_, node, "an image's from");
        FromSpec made;
        for (const auto kind : {oci_layout, oci_archive, docker_archive}) {
            auto path = fields.string(to_string(kind));
            if (path.empty()) continue;
            if (!made.path.empty()) fields.refuse("it names two places");
            made.kind = kind;
            made.path = std::move(path);
        }
        made.name = fields.string("name");
        fields.finish();
        if (made.path.empty()) {
            fields.refuse(
                "it names no place",
                "write one of oci-layout: FOLDER, oci-archive: FILE, docker-archive: FILE");
        }
        return made;
    }

    BuildSpec build(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "an image's build");
        BuildSpec made{.files = fields.string_map("files"),
                       .entrypoint = fields.strings("entrypoint"),
                       .cmd = fields.strings("cmd"),
                       .env = fields.strings("env"),
                       .user = fields.string("user"),
                       .workdir = fields.string("workdir"),
                       .labels = fields.string_map("labels")};
        if (made.files.empty())
            fields.refuse("\"files\" is missing", "write files: {/path/in/image: path/on/host}");
        for (const auto& [target, source] : made.files) {
            if (!target.starts_with('/') || !has_plain_parts(std::string_view(target).substr(1))) {
                fields.refuse(fmt::format("\"{}\" is no path in an image", target),
                              "it begins with / and has no . or ..");
            }
            if (source.empty()) fields.refuse(fmt::format("{} has no file on the host", target));
        }
        for (const auto& variable : made.env) {
            if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
                fields.refuse("an environment variable is written as NAME=value");
            }
        }
        if (!made.workdir.empty() && !made.workdir.starts_with('/'))
            fields.refuse("\"workdir\" must begin with /");
        fields.finish();
        return made;
    }

    ManifestSpec manifest(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "a manifest");
        ManifestSpec made;
        made.line = node.line;
        made.file = fields.string("file");
        made.url = fields.string("url");
        if (made.file.empty() == made.url.empty()) {
            fields.refuse("it has a \"file\" or a \"url\", one of the two");
        }
        if (!made.file.empty() && !has_plain_parts(made.file)) {
            fields.refuse(
                fmt::format("the file \"{}\" is not below the folder of the bundle", made.file),
                "write the path from the folder of bundle.yaml, without .., and put the file "
                "there");
        }
        if (!made.url.empty() && !made.url.starts_with("https://")) {
            fields.refuse(
                fmt::format("\"{}\" is no https URL", base_part(made.url)),
                "download the file yourself, put it beside bundle.yaml and name it as a file");
        }
        if (const auto* digest = fields.find("sha256")) {
            const auto text = fields.string("sha256");
            made.sha256 = at_node(fields, *digest, [&] {
                return base::Digest::parse(text.starts_with("sha256:") ? text : "sha256:" + text);
            });
        }
        if (const auto* issuer = fields.find("issuer")) {
            const auto word = fields.string("issuer");
            made.issuer = at_node(fields, *issuer, [&] { return parse_certificate_issuer(word); });
            if (made.issuer == CertificateIssuer::automatic) {
                fields.refuse(*issuer, "\"issuer\" must be installer, cert-manager or csr");
            }
        }
        made.api = fields.string("api");
        made.unless_api = fields.string("unlessApi");
        made.substitute = fields.flag("substitute", made.url.empty());
        fields.finish();
        return made;
    }

    // A URL without what may be a token.
    static std::string_view base_part(std::string_view url) {
        return url.substr(0, url.find_first_of("?#"));
    }

    CertificateSpec certificate(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "the certificate");
        CertificateSpec made;
        const auto word = fields.string("issuer", "auto");
        made.issuer = at_node(fields, node, [&] { return parse_certificate_issuer(word); });
        const auto secret = fields.required_string("secret");
        made.secret = at_node(fields, node, [&] { return NamespacedName::parse(secret); });
        if (const auto name = fields.string("certificate"); !name.empty()) {
            made.certificate = at_node(fields, node, [&] { return NamespacedName::parse(name); });
        }
        made.dns_names = fields.strings("dnsNames");
        if (made.dns_names.empty()) {
            fields.refuse("\"dnsNames\" is missing",
                          "a service is called by SERVICE.NAMESPACE.svc; name that at least");
        }
        for (const auto& name : made.dns_names) {
            if (!is_object_name(name)) fields.refuse(fmt::format("\"{}\" is no DNS name", name));
        }
        for (const auto& target : fields.strings("inject"))
            made.inject.push_back(inject_target(fields, target));
        fields.finish();
        return made;
    }

    static InjectTarget inject_target(const base::YamlFields& fields, std::string_view text) {
        static constexpr std::array<std::string_view, 4> kKinds = {
            "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService",
            "CustomResourceDefinition"};
        const auto slash = std::min(text.find('/'), text.size());
        const auto kind = text.substr(0, slash);
        const auto name = text.substr(std::min(slash + 1, text.size()));
        if (std::ranges::count(kKinds, kind) == 0 || !is_object_name(name)) {
            fields.refuse(
                fmt::format("\"{}\" has no place for a CA", text),
                fmt::format("write KIND/NAME; the kinds are {}", fmt::join(kKinds, ", ")));
        }
        return {.kind = std::string(kind), .name = std::string(name)};
    }

    Check check(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "a check");
        Check made;
        const auto service = fields.required_string("service");
        made.service = at_node(fields, node, [&] { return NamespacedName::parse(service); });
        if (const auto port = fields.string("port"); !port.empty()) {
            const auto [end, problem] =
                std::from_chars(port.data(), port.data() + port.size(), made.port);
            if (problem != std::errc() || end != port.data() + port.size() || made.port == 0) {
                fields.refuse("\"port\" must be a number from 1 to 65535");
            }
        }
        made.path = fields.string("path", "/");
        const bool printable =
            std::ranges::all_of(made.path, [](char c) { return c > ' ' && c < '\x7f'; });
        if (!made.path.starts_with('/') || !printable)
            fields.refuse("\"path\" must begin with / and hold no spaces");
        made.expect = fields.string("expect");
        fields.finish();
        return made;
    }

    const base::YamlTree& tree_;
    std::map<std::string, std::size_t> images_;  // where each was named first
};

}  // namespace

NamespacedName NamespacedName::parse(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto space = text.substr(0, slash);
    const auto name = text.substr(std::min(slash + 1, text.size()));
    const bool valid =
        is_object_name(space) && space.find('.') == std::string_view::npos && is_object_name(name);
    if (!valid) throw Error(Errc::invalid, "\"{}\" is not written as NAMESPACE/NAME", text);
    return {.namespace_name = std::string(space), .name = std::string(name)};
}

std::string_view to_string(FromSpec::Kind kind) {
    switch (kind) {
        case FromSpec::Kind::oci_layout:
            return "oci-layout";
        case FromSpec::Kind::oci_archive:
            return "oci-archive";
        case FromSpec::Kind::docker_archive:
            return "docker-archive";
    }
    return "oci-layout";
}

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
    Error error(Errc::usage, "\"{}\" is no issuer of certificates", word);
    throw error.set_hint("the issuers are auto, installer, cert-manager and csr");
}

bool is_wanted(const ManifestSpec& manifest, CertificateIssuer issuer,
               const std::set<std::string>& group_versions) {
    if (manifest.issuer && *manifest.issuer != issuer) return false;
    if (!manifest.api.empty() && !group_versions.contains(manifest.api)) return false;
    return manifest.unless_api.empty() || !group_versions.contains(manifest.unless_api);
}

BundleSpec parse_bundle_spec(std::string_view text, std::string_view file) {
    const auto tree = base::YamlTree::parse(text, file);
    return SpecReader(tree).read();
}

std::vector<Component> select_components(const BundleSpec& spec,
                                         const std::vector<std::string>& names) {
    for (const auto& name : names) {
        if (std::ranges::count(spec.components, name, &Component::name) > 0) continue;
        std::string known;
        for (const auto& component : spec.components)
            known += (known.empty() ? "" : ", ") + component.name;
        Error error(Errc::usage, "the bundle has no component \"{}\"", name);
        throw error.set_hint("its components are: " + known);
    }
    std::vector<Component> chosen;
    for (const auto& component : spec.components) {
        if (!component.optional || std::ranges::count(names, component.name) > 0)
            chosen.push_back(component);
    }
    return chosen;
}

}  // namespace airlock::manifests
