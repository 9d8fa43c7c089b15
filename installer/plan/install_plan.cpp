#include "installer/plan/install_plan.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/yaml.hpp"
#include "manifests/apply_order.hpp"
#include "manifests/image_fields.hpp"
#include "manifests/splice_images.hpp"

#include <algorithm>
#include <map>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::Json;
using base::YamlNode;
using manifests::CertificateIssuer;
using manifests::Document;

constexpr std::chrono::days kRenewBefore{30};

CertificateIssuer choose_issuer(const manifests::BundleSpec& spec,
                                const std::vector<manifests::Component>& components,
                                const std::set<std::string>& served) {
    const auto wanted = spec.certificate ? spec.certificate->issuer : CertificateIssuer::installer;
    if (wanted == CertificateIssuer::csr) {
        throw Error(Errc::unsupported, "certificate issuer csr is not supported yet")
            .set_hint("use installer or cert-manager");
    }
    if (wanted != CertificateIssuer::automatic) return wanted;
    const bool carried = std::ranges::any_of(
        components, [](const auto& component) { return component.name == "cert-manager"; });
    return carried || served.contains("cert-manager.io/v1") ? CertificateIssuer::cert_manager
                                                            : CertificateIssuer::installer;
}

const base::YamlNode* pod_spec(const base::YamlNode& root, const std::string& kind) {
    const auto* spec = root.find("spec");
    if (kind == "CronJob" && spec != nullptr) {
        spec = spec->find("jobTemplate");
        if (spec != nullptr) spec = spec->find("spec");
    }
    if (spec == nullptr || kind == "Pod") return spec;
    const auto* pod = spec->find("template");
    return pod == nullptr ? nullptr : pod->find("spec");
}

bool is_workload(const kubernetes::ObjectKey& key) {
    static const std::set<std::string> kKinds{"Deployment", "DaemonSet", "StatefulSet", "Job",
                                              "CronJob",    "Pod",       "ReplicaSet"};
    return kKinds.contains(key.kind);
}

// The service accounts, by namespace, that the workloads run as.
std::set<std::pair<std::string, std::string>> service_accounts(
    const std::vector<Document>& documents) {
    std::set<std::pair<std::string, std::string>> out;
    for (const auto& document : documents) {
        if (!is_workload(document.key)) continue;
        const auto tree = base::YamlTree::parse(document.text, document.file, document.line);
        const auto* spec = pod_spec(tree.root(), document.key.kind);
        const auto* name = spec == nullptr ? nullptr : spec->find("serviceAccountName");
        out.emplace(document.key.namespace_name,
                    name != nullptr && name->is_scalar() ? name->value : "default");
    }
    return out;
}

// The account's own and ours: for server-side apply the list is one value.
Json pull_secret_names(kubernetes::Client& client, const kubernetes::ObjectKey& account) {
    auto names = Json::array();
    if (const auto live = client.get(account)) {
        if (const auto* theirs = base::find(*live, "imagePullSecrets");
            theirs != nullptr && theirs->is_array())
            names = *theirs;
    }
    const Json ours{{"name", kPullSecretName}};
    if (std::ranges::find(names, ours) == names.end()) names.push_back(ours);
    return names;
}

std::vector<PlannedObject> pull_secrets(kubernetes::Client& client,
                                        const std::vector<Document>& documents,
                                        const PlanRequest& request) {
    std::vector<PlannedObject> out;
    if (!request.pull_credentials) return out;
    const auto& credentials = *request.pull_credentials;
    const auto auth = base::base64_encode(credentials.username + ":" + credentials.password);
    const Json config{{"auths", {{request.registry, {{"auth", auth}}}}}};
    std::set<std::string> namespaces;
    for (const auto& [name_space, account] : service_accounts(documents)) {
        if (namespaces.insert(name_space).second) {
            const kubernetes::ObjectKey key{.api_version = "v1",
                                            .kind = "Secret",
                                            .namespace_name = name_space,
                                            .name = std::string(kPullSecretName)};
            const Json secret{
                {"apiVersion", "v1"},
                {"kind", "Secret"},
                {"metadata", {{"name", kPullSecretName}, {"namespace", name_space}}},
                {"type", "kubernetes.io/dockerconfigjson"},
                {"data", {{".dockerconfigjson", base::base64_encode(config.dump())}}}};
            out.push_back({.key = key,
                           .text = secret.dump(),
                           .field_manager = std::string(kPullSecretManager)});
        }
        const kubernetes::ObjectKey key{.api_version = "v1",
                                        .kind = "ServiceAccount",
                                        .namespace_name = name_space,
                                        .name = account};
        const Json patch{{"apiVersion", "v1"},
                         {"kind", "ServiceAccount"},
                         {"metadata", {{"name", account}, {"namespace", name_space}}},
                         {"imagePullSecrets", pull_secret_names(client, key)}};
        out.push_back(
            {.key = key, .text = patch.dump(), .field_manager = std::string(kPullSecretManager)});
    }
    return out;
}

// The certificate that is there when it will do for a while, else a fresh one.
CertificateBundle current_or_new(kubernetes::Client& client,
                                 const manifests::CertificateSpec& spec) {
    const kubernetes::ObjectKey key{.api_version = "v1",
                                    .kind = "Secret",
                                    .namespace_name = spec.secret.namespace_name,
                                    .name = spec.secret.name};
    if (const auto live = client.get(key)) {
        const auto field = [&](std::string_view name) {
            const auto* value = base::find_path(*live, {"data", name});
            return value != nullptr && value->is_string()
                       ? base::base64_decode(value->get<std::string>(), key.text())
                       : std::string();
        };
        CertificateBundle bundle{.ca_pem = field("ca.crt"),
                                 .certificate_pem = field("tls.crt"),
                                 .key_pem = field("tls.key")};
        if (is_usable(bundle, spec.dns_names, kRenewBefore)) return bundle;
    }
    return issue_certificate(
        {.common_name = spec.secret.namespace_name + " CA", .dns_names = spec.dns_names});
}

PlannedObject certificate_secret(const CertificateBundle& bundle,
                                 const manifests::CertificateSpec& spec) {
    const Json secret{
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"metadata", {{"name", spec.secret.name}, {"namespace", spec.secret.namespace_name}}},
        {"type", "kubernetes.io/tls"},
        {"data",
         {{"tls.crt", base::base64_encode(bundle.certificate_pem)},
          {"tls.key", base::base64_encode(bundle.key_pem)},
          {"ca.crt", base::base64_encode(bundle.ca_pem)}}}};
    return {.key = {.api_version = "v1",
                    .kind = "Secret",
                    .namespace_name = spec.secret.namespace_name,
                    .name = spec.secret.name},
            .text = secret.dump(),
            .field_manager = std::string(kFieldManager)};
}

// {group, kind} of what the bundle itself defines, and whether it lives in namespaces: the cluster
// does not know these kinds yet.
using OwnKinds = std::map<std::pair<std::string, std::string>, bool>;

void note_definition(const Document& document, OwnKinds& kinds) {
    if (document.key.kind != "CustomResourceDefinition") return;
    const auto tree = base::YamlTree::parse(document.text, document.file, document.line);
    const auto text = [](const base::YamlNode* node, std::string_view key) {
        const auto* value = node == nullptr ? nullptr : node->find(key);
        return value == nullptr ? std::string() : value->value;
    };
    const auto* spec = tree.root().find("spec");
    const auto* names = spec == nullptr ? nullptr : spec->find("names");
    kinds[{text(spec, "group"), text(names, "kind")}] = text(spec, "scope") == "Namespaced";
}

kubernetes::ObjectKey placed(kubernetes::Client& client, kubernetes::ObjectKey key,
                             const OwnKinds& own) {
    key = client.with_namespace(std::move(key), true);
    const auto at = own.find({key.api_version.substr(0, key.api_version.find('/')), key.kind});
    if (at == own.end()) return key;
    if (!at->second) key.namespace_name.clear();
    if (at->second && key.namespace_name.empty()) key.namespace_name = client.default_namespace();
    return key;
}

struct Rewriter {
    std::set<std::string> known;
    std::map<std::string, std::string> replacement;
};

Rewriter make_rewriter(const manifests::Bundle& bundle, const std::vector<ImagePlacement>& targets,
                       const std::string& registry) {
    Rewriter out;
    for (const auto& image : bundle.lock().images)
        out.known.insert(image.reference.text());
    for (const auto& target : targets) {
        out.replacement[target.original] = registry + "/" + target.repository +
                                           (target.tag.empty() ? "" : ":" + target.tag) + "@" +
                                           target.digest.text();
    }
    return out;
}

}  // namespace

std::vector<kubernetes::ObjectKey> InstallPlan::keys() const {
    std::vector<kubernetes::ObjectKey> out;
    std::set<kubernetes::ObjectKey> seen;
    for (const auto& component : components) {
        for (const auto& object : component.objects) {
            if (seen.insert(object.key).second) out.push_back(object.key);
        }
    }
    return out;
}

std::vector<std::string> InstallPlan::component_names() const {
    std::vector<std::string> out;
    for (const auto& component : components)
        out.push_back(component.name);
    return out;
}

InstallPlan make_install_plan(kubernetes::Client& client, const manifests::Bundle& bundle,
                              const PlanRequest& request) {
    const auto& spec = bundle.spec();
    const auto chosen = manifests::select_components(spec, request.components);
    for (const auto& component : chosen) {
        if (bundle.holds(component)) continue;
        throw Error(Errc::usage, "the component {} is not in {}: it was built without",
                    component.name, bundle.path().string())
            .set_hint(fmt::format("build the bundle with --components {}, or leave it out here",
                                  component.name));
    }
    const auto values = manifests::merge_values(spec.values, request.values);
    const auto served = client.discovery().group_versions();
    InstallPlan plan;
    plan.issuer = choose_issuer(spec, chosen, served);

    std::vector<manifests::LockedImage> images;
    for (const auto& image : bundle.lock().images) {
        const bool wanted = std::ranges::any_of(chosen, [&](const manifests::Component& component) {
            return std::ranges::find(image.components, component.name) != image.components.end();
        });
        if (wanted) images.push_back(image);
    }
    plan.placements = place_images(images, request.prefix);
    const auto rewriter = make_rewriter(bundle, plan.placements, request.registry);

    std::string asked =
        bundle.index_digest().text() + "\n" + request.registry + "/" + request.prefix + "\n";
    OwnKinds own_kinds;
    std::vector<std::vector<Document>> documents_of;
    for (const auto& component : chosen) {
        auto& documents = documents_of.emplace_back();
        for (const auto& manifest : component.manifests) {
            if (!manifests::is_wanted(manifest, plan.issuer, served)) continue;
            const auto& source = bundle.file(manifest.source());
            const auto text = manifest.substitute
                                  ? manifests::substitute_values(source, manifest.source(), values)
                                  : source;
            for (auto& document : manifests::split_documents(text, manifest.source())) {
                const auto fields = manifests::find_image_fields(document, rewriter.known);
                document.text = manifests::splice_images(document, fields, rewriter.replacement);
                note_definition(document, own_kinds);
                documents.push_back(std::move(document));
            }
        }
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const auto& component = chosen[i];
        auto& documents = documents_of[i];
        for (auto& document : documents)
            document.key = placed(client, std::move(document.key), own_kinds);
        manifests::sort_for_apply(documents);
        PlannedComponent planned{.name = component.name, .objects = {}};
        bool prepared = false;
        const auto prepare = [&] {
            if (std::exchange(prepared, true)) return;
            auto secrets = pull_secrets(client, documents, request);
            std::ranges::move(secrets, std::back_inserter(planned.objects));
            const bool ours =
                plan.issuer == CertificateIssuer::installer && spec.certificate &&
                plan.ca_pem.empty() && std::ranges::any_of(documents, [&](const Document& d) {
                    return d.key.namespace_name == spec.certificate->secret.namespace_name;
                });
            if (!ours) return;
            const auto certificate = current_or_new(client, *spec.certificate);
            plan.ca_pem = certificate.ca_pem;
            planned.objects.push_back(certificate_secret(certificate, *spec.certificate));
        };
        for (auto& document : documents) {
            if (is_workload(document.key) || manifests::is_webhook_configuration(document.key))
                prepare();
            asked += document.text + "\n";
            planned.objects.push_back({.key = document.key,
                                       .text = std::move(document.text),
                                       .field_manager = std::string(kFieldManager)});
        }
        plan.components.push_back(std::move(planned));
    }
    plan.fingerprint = base::sha256(asked).text();
    return plan;
}

}  // namespace airlock::installer
