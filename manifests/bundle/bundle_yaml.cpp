#include "manifests/bundle/bundle_yaml.hpp"

#include "base/ascii.hpp"
#include "base/error.hpp"
#include "base/ip_address.hpp"
#include "base/yaml_fields.hpp"
#include "manifests/bundle/relative_path.hpp"
#include "manifests/bundle/yaml_location.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;
using kubernetes::is_object_name;
using kubernetes::NamespacedName;

// A semantic version, restricted to characters that are safe in file names, labels and tags.
bool is_version(std::string_view text) {
    return !text.empty() && text.size() <= 63 && base::is_lower_alnum(text.front()) &&
           std::ranges::all_of(
               text, [](char c) { return base::is_alnum(c) || base::is_one_of(c, ".-_"); });
}

// A URL without the parts that may hold a token.
std::string_view without_query(std::string_view url) {
    return url.substr(0, url.find_first_of("?#"));
}

class SpecReader {
  public:
    explicit SpecReader(const base::YamlTree& tree) : tree_(tree) {}

    BundleSpec read() {
        base::YamlFields top(tree_, tree_.root(), "the bundle");
        if (top.string("apiVersion") != "airlock.dev/v1" || top.string("kind") != "Bundle") {
            top.refuse("this is not a Bundle of airlock.dev/v1",
                       "start the file with \"apiVersion: airlock.dev/v1\" and \"kind: Bundle\"");
        }
        BundleSpec spec;
        const auto* metadata = top.find("metadata");
        if (metadata == nullptr)
            top.refuse("\"metadata\" is missing", "add metadata: {name: NAME, version: VERSION}");
        base::YamlFields about(tree_, *metadata, "metadata");
        spec.name = about.required_string("name");
        if (!is_object_name(spec.name)) {
            about.refuse("\"name\" must consist of a-z, 0-9, - and .",
                         "it is used in labels and file names");
        }
        spec.version = about.required_string("version");
        if (!is_version(spec.version)) {
            about.refuse("\"version\" must consist of a-z, A-Z, 0-9, ., - and _",
                         "use a semantic version, such as 1.2.3");
        }
        about.finish();
        for (const auto* node : top.list("components"))
            component(spec, *node);
        if (spec.components.empty())
            top.refuse("\"components\" is missing",
                       "add at least one component with images or manifests");
        if (const auto* node = top.find("certificate")) spec.certificate = certificate(*node);
        spec.values = top.string_map("values");
        if (const auto* values = top.find("values")) {
            for (const auto& entry : values->entries)
                check_declared(top, *entry.first, *entry.second);
        }
        for (const auto* node : top.list("checks"))
            spec.checks.push_back(check(*node));
        require_placement_value(top, spec);
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
                fmt::format(
                    "invalid value name \"{}\": must consist of A-Z, a-z, 0-9 and _, and must not start with a digit",
                    name.value));
        }
        at_node(top, value, [&] {
            check_value(name.value, value.value);
            if (name.value == kPlacementValue) parse_placement(value.value);
        });
    }

    static void require_placement_value(const base::YamlFields& top, const BundleSpec& spec) {
        if (has_placements(spec) && !spec.values.contains(kPlacementValue))
            top.refuse("\"placement\" is used, but the value PLACEMENT is not declared",
                       "add it to values: PLACEMENT: auto");
    }

    static std::optional<Placement> placement(base::YamlFields& fields) {
        const auto* node = fields.find("placement");
        if (node == nullptr) return std::nullopt;
        const auto word = fields.string("placement");
        const auto made = at_node(fields, *node, [&] { return parse_placement(word); });
        if (made == Placement::automatic)
            fields.refuse(*node, "\"placement\" must be control-plane or service");
        return made;
    }

    void component(BundleSpec& spec, const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "a component");
        Component made;
        made.line = node.line;
        made.name = fields.required_string("name");
        if (!is_object_name(made.name)) fields.refuse("\"name\" must consist of a-z, 0-9, - and .");
        if (std::ranges::count(spec.components, made.name, &Component::name) > 0) {
            fields.refuse(fmt::format("duplicate component name {}", made.name));
        }
        made.optional = fields.flag("optional", false);
        for (const auto* item : fields.list("images"))
            made.images.push_back(image(*item));
        for (const auto* item : fields.list("manifests"))
            made.manifests.push_back(manifest(*item));
        if (made.images.empty() && made.manifests.empty()) {
            fields.refuse(fmt::format("component {} has neither images nor manifests", made.name));
        }
        fields.finish();
        spec.components.push_back(std::move(made));
    }

    ImageSpec image(const base::YamlNode& node) {
        auto spec = parse_image_spec(tree_, node);
        if (const auto [first, added] = images_.emplace(spec.ref.text(), node.line); !added) {
            throw base::yaml_error(Errc::invalid, tree_.file(), node,
                                   fmt::format("an image: duplicate image {} (first in line {})",
                                               spec.ref.text(), first->second));
        }
        return spec;
    }

    ManifestSpec manifest(const base::YamlNode& node) {
        base::YamlFields fields(tree_, node, "a manifest");
        ManifestSpec made;
        made.line = node.line;
        made.file = fields.string("file");
        made.url = fields.string("url");
        if (made.file.empty() == made.url.empty()) {
            fields.refuse("it must have either \"file\" or \"url\"");
        }
        if (!made.file.empty() && !is_plain_relative_path(made.file)) {
            fields.refuse(
                fmt::format("the file \"{}\" is not below the directory of bundle.yaml", made.file),
                "put the file there, and write its path relative to that directory, without ..");
        }
        if (!made.url.empty() && !made.url.starts_with("https://")) {
            fields.refuse(fmt::format("\"{}\" is not a valid https URL", without_query(made.url)),
                          "download the file, put it next to bundle.yaml and use \"file\" instead");
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
        made.placement = placement(fields);
        made.substitute = fields.flag("substitute", made.url.empty());
        fields.finish();
        return made;
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
                          "add at least SERVICE.NAMESPACE.svc, the name of the service");
        }
        for (const auto& name : made.dns_names) {
            if (!is_object_name(name))
                fields.refuse(fmt::format("\"{}\" is not a valid DNS name", name));
        }
        made.ip_addresses = fields.strings("ipAddresses");
        for (const auto& address : made.ip_addresses) {
            if (!base::is_ip_address(address))
                fields.refuse(fmt::format("\"{}\" is not a valid IP address", address));
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
            fields.refuse(fmt::format("cannot inject a CA into \"{}\"", text),
                          fmt::format("use KIND/NAME; valid kinds: {}", fmt::join(kKinds, ", ")));
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
            fields.refuse("\"path\" must start with / and must not contain spaces");
        made.expect = fields.string("expect");
        made.placement = placement(fields);
        fields.finish();
        return made;
    }

    const base::YamlTree& tree_;
    std::map<std::string, std::size_t> images_;  // the line of each
};

}  // namespace

bool is_wanted(const ManifestSpec& manifest, const InstallTarget& target) {
    const auto& served = target.group_versions;
    if (manifest.issuer && *manifest.issuer != target.issuer) return false;
    if (manifest.placement && *manifest.placement != target.placement) return false;
    if (!manifest.api.empty() && !served.contains(manifest.api)) return false;
    return manifest.unless_api.empty() || !served.contains(manifest.unless_api);
}

bool has_placements(const BundleSpec& spec) {
    const auto depends = [](const auto& entry) { return entry.placement.has_value(); };
    return std::ranges::any_of(spec.checks, depends) ||
           std::ranges::any_of(spec.components, [&](const Component& component) {
               return std::ranges::any_of(component.manifests, depends);
           });
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
        throw error.set_hint("components: " + known);
    }
    std::vector<Component> chosen;
    for (const auto& component : spec.components) {
        if (!component.optional || std::ranges::count(names, component.name) > 0)
            chosen.push_back(component);
    }
    return chosen;
}

}  // namespace airlock::manifests
