#include "installer/plan/install_plan.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "installer/plan/bundled_kinds.hpp"
#include "installer/plan/choose_placement.hpp"
#include "installer/plan/pull_secret.hpp"
#include "installer/plan/serving_certificate.hpp"
#include "installer/plan/workload.hpp"
#include "manifests/apply_order.hpp"
#include "manifests/image_fields.hpp"
#include "manifests/splice_images.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using manifests::CertificateIssuer;
using manifests::Component;
using manifests::Document;

std::vector<Component> choose_components(const manifests::Bundle& bundle,
                                         const std::vector<std::string>& names) {
    auto chosen = manifests::select_components(bundle.spec(), names);
    for (const auto& component : chosen) {
        if (bundle.holds(component)) continue;
        throw Error(Errc::usage, "{} was built without the component {}", bundle.path().string(),
                    component.name)
            .set_hint(
                fmt::format("build the bundle with --components {}, or omit the component here",
                            component.name));
    }
    return chosen;
}

CertificateIssuer choose_issuer(const manifests::BundleSpec& spec,
                                const std::vector<Component>& components,
                                const std::set<std::string>& served) {
    const auto wanted = spec.certificate ? spec.certificate->issuer : CertificateIssuer::installer;
    if (wanted == CertificateIssuer::csr) {
        throw Error(Errc::unsupported, "certificate issuer csr is not supported")
            .set_hint("set certificate.issuer in bundle.yaml to installer or cert-manager");
    }
    if (wanted != CertificateIssuer::automatic) return wanted;
    const bool bundled = std::ranges::any_of(
        components, [](const auto& component) { return component.name == "cert-manager"; });
    return bundled || served.contains("cert-manager.io/v1") ? CertificateIssuer::cert_manager
                                                            : CertificateIssuer::installer;
}

std::vector<manifests::LockedImage> images_of(const manifests::Bundle& bundle,
                                              const std::vector<Component>& components) {
    std::vector<manifests::LockedImage> out;
    std::ranges::copy_if(
        bundle.lock().images, std::back_inserter(out), [&](const manifests::LockedImage& image) {
            return std::ranges::any_of(components, [&](const Component& component) {
                return std::ranges::find(image.components, component.name) !=
                       image.components.end();
            });
        });
    return out;
}

// Renders the manifests of a component: substitutes values and replaces images.
class Renderer {
  public:
    Renderer(const manifests::Bundle& bundle, const InstallPlan& plan, const PlanRequest& request,
             manifests::Values values, std::set<std::string> served)
        : bundle_(bundle),
          target_{.issuer = plan.issuer,
                  .placement = plan.placement,
                  .group_versions = std::move(served)},
          values_(std::move(values)) {
        for (const auto& image : bundle.lock().images)
            known_.insert(image.reference.text());
        for (const auto& placement : plan.placements)
            replacement_[placement.original] = placement.reference(request.registry);
    }

    std::vector<Document> render(const Component& component) const {
        std::vector<Document> out;
        for (const auto& manifest : component.manifests) {
            if (!manifests::is_wanted(manifest, target_)) continue;
            const auto& source = bundle_.file(manifest.source());
            const auto text = manifest.substitute
                                  ? manifests::substitute_values(source, manifest.source(), values_)
                                  : source;
            for (auto& document : manifests::split_documents(text, manifest.source())) {
                const auto fields = manifests::find_image_fields(document, known_);
                document.text = manifests::splice_images(document, fields, replacement_);
                out.push_back(std::move(document));
            }
        }
        return out;
    }

  private:
    const manifests::Bundle& bundle_;
    manifests::InstallTarget target_;
    manifests::Values values_;
    std::set<std::string> known_;
    std::map<std::string, std::string> replacement_;
};

// A webhook configuration with a rule for nodes/status.
bool acts_on_nodes(const Document& document) {
    if (!manifests::is_webhook_configuration(document.key)) return false;
    const auto items = [](const base::YamlNode& node, std::string_view key) {
        const auto* list = node.find(key);
        return list == nullptr ? std::vector<const base::YamlNode*>() : list->items;
    };
    for (const auto* hook : items(document.tree->root(), "webhooks")) {
        for (const auto* rule : items(*hook, "rules")) {
            for (const auto* resource : items(*rule, "resources")) {
                if (resource->value == "nodes/status" || resource->value == "nodes/*" ||
                    resource->value == "*/*")
                    return true;
            }
        }
    }
    return false;
}

bool needs_secrets(const Document& document) {
    return is_workload(document.key) || manifests::is_webhook_configuration(document.key);
}

bool any_in_namespace(const std::vector<Document>& documents, const std::string& name_space) {
    return std::ranges::any_of(
        documents, [&](const Document& each) { return each.key.namespace_name == name_space; });
}

// Secrets come after what they need (namespaces, service accounts) and before what uses them.
PlannedComponent assemble(std::string name, std::vector<Document> documents,
                          std::vector<PlannedObject> secrets) {
    PlannedComponent out{.name = std::move(name), .objects = {}};
    const auto first_user = std::ranges::find_if(documents, needs_secrets);
    for (auto at = documents.begin();; ++at) {
        if (at == first_user) std::ranges::move(secrets, std::back_inserter(out.objects));
        if (at == documents.end()) return out;
        out.objects.push_back({.key = at->key,
                               .text = std::move(at->text),
                               .field_manager = std::string(kubernetes::kFieldManager),
                               .acts_on_nodes = acts_on_nodes(*at)});
    }
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
    const auto chosen = choose_components(bundle, request.components);
    const auto served = client.discovery().group_versions();
    InstallPlan plan;
    plan.issuer = choose_issuer(spec, chosen, served);
    plan.placements = place_images(images_of(bundle, chosen), request.prefix);
    auto values = manifests::merge_values(spec.values, request.values);
    if (manifests::has_placements(spec)) {
        auto& value = values.at(manifests::kPlacementValue);
        plan.placement = choose_placement(client, manifests::parse_placement(value),
                                          request.installed_placement);
        value = manifests::to_string(plan.placement);
    }

    const Renderer renderer(bundle, plan, request, std::move(values), served);
    std::vector<std::vector<Document>> rendered;
    BundledKinds kinds;
    for (const auto& component : chosen) {
        rendered.push_back(renderer.render(component));
        for (const auto& document : rendered.back())
            kinds.add(document);
    }

    auto requested =
        bundle.index_digest().text() + "\n" + request.registry + "/" + request.prefix + "\n";
    bool certificate_pending = plan.issuer == CertificateIssuer::installer && spec.certificate;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        auto& documents = rendered[i];
        for (auto& document : documents)
            document.key = kinds.place(client, std::move(document.key));
        manifests::sort_for_apply(documents);
        for (const auto& document : documents)
            requested += document.text + "\n";
        std::vector<PlannedObject> secrets;
        if (std::ranges::any_of(documents, needs_secrets)) {
            if (request.pull_credentials) {
                secrets = plan_pull_secrets(client, documents, request.registry,
                                            *request.pull_credentials);
            }
            if (certificate_pending &&
                any_in_namespace(documents, spec.certificate->secret.namespace_name)) {
                const auto current = usable_certificate(client, *spec.certificate);
                plan.issues_certificate = !current;
                if (current) plan.ca_pem = current->ca_pem;
                secrets.push_back(
                    certificate_secret(*spec.certificate, current.value_or(CertificateBundle{})));
                certificate_pending = false;
            }
        }
        plan.components.push_back(
            assemble(chosen[i].name, std::move(documents), std::move(secrets)));
    }
    plan.fingerprint = base::sha256(requested).text();
    return plan;
}

void issue_planned_certificate(InstallPlan& plan, const manifests::BundleSpec& spec) {
    if (!plan.issues_certificate) return;
    const auto certificate = issue_serving_certificate(*spec.certificate);
    const auto secret = certificate_secret(*spec.certificate, certificate);
    for (auto& component : plan.components) {
        for (auto& object : component.objects) {
            if (object.key == secret.key) object.text = secret.text;
        }
    }
    plan.ca_pem = certificate.ca_pem;
    plan.issues_certificate = false;
}

}  // namespace airlock::installer
