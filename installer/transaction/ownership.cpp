#include "installer/transaction/ownership.hpp"

#include "base/error.hpp"
#include "kubernetes/field_managers.hpp"

#include <algorithm>

namespace airlock::installer {
namespace {

using base::Json;

bool is_owned(const Json& object) {
    return base::find_path(object, {"metadata", "ownerReferences"}) != nullptr;
}

bool is_terminating(const Json& object) {
    return base::find_path(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

// What the control plane creates in every namespace.
bool is_default_object(const std::string& kind, const Json& object) {
    const auto name = base::text_at(object, {"metadata", "name"});
    if (kind == "ConfigMap") return name == "kube-root-ca.crt";
    if (kind == "ServiceAccount") return name == "default";
    if (kind == "Secret")
        return base::text_at(object, {"type"}) == "kubernetes.io/service-account-token";
    // Events are reports; endpoints follow their Service, which is checked itself.
    return kind == "Event" || kind == "Endpoints" || kind == "EndpointSlice";
}

// Created by cert-manager for itself, or for a Certificate of the bundle.
bool is_issued_by_cert_manager(const Json& object) {
    const auto* annotations = base::find_path(object, {"metadata", "annotations"});
    return annotations != nullptr &&
           (annotations->contains("cert-manager.io/certificate-name") ||
            annotations->contains("cert-manager.io/allow-direct-injection"));
}

bool is_applied_by_installer(const Json& object) {
    const auto* fields = base::find_path(object, {"metadata", "managedFields"});
    return fields != nullptr && std::ranges::any_of(*fields, [](const Json& entry) {
               return kubernetes::is_installer_manager(base::text_at(entry, {"manager"}));
           });
}

// Discovery lists a kind for a moment longer than it is served.
std::vector<Json> list_if_served(kubernetes::Client& client, const std::string& api_version,
                                 const std::string& kind, const std::string& name_space) {
    try {
        return client.list(api_version, kind, name_space);
    } catch (const base::Error& error) {
        if (error.code() == base::Errc::not_found) return {};
        throw;
    }
}

bool is_unmanaged(const std::string& kind, const Json& object) {
    return !is_default_object(kind, object) && !is_owned(object) && !is_terminating(object) &&
           !is_issued_by_cert_manager(object) && !is_applied_by_installer(object);
}

}  // namespace

bool is_ours(const Json& live, const std::string& created_uid) {
    if (is_applied_by_installer(live)) return true;
    if (!created_uid.empty()) return base::text_at(live, {"metadata", "uid"}) == created_uid;
    // An object of which only the name was applied (a bare Namespace) has no managed fields. It was
    // absent before, and no other field manager claims it.
    const auto* fields = base::find_path(live, {"metadata", "managedFields"});
    return fields == nullptr || fields->empty();
}

bool was_created_by_another(const kubernetes::ObjectKey& key, const Json& live) {
    return !is_ours(live, {}) && is_unmanaged(key.kind, live);
}

std::vector<std::string> unmanaged_objects_in(kubernetes::Client& client,
                                              const std::string& name_space) {
    std::vector<std::string> out;
    client.discovery().forget();  // CRDs may have been deleted just now
    for (const auto& [api_version, kind] : client.discovery().namespaced_kinds()) {
        for (const auto& object : list_if_served(client, api_version, kind, name_space)) {
            if (is_unmanaged(kind, object))
                out.push_back(kind + " " + base::text_at(object, {"metadata", "name"}));
        }
    }
    return out;
}

std::vector<std::string> unmanaged_instances_of(kubernetes::Client& client, const Json& crd) {
    std::vector<std::string> out;
    const auto group = base::text_at(crd, {"spec", "group"});
    const auto kind = base::text_at(crd, {"spec", "names", "kind"});
    const auto name = base::text_at(crd, {"metadata", "name"});
    for (const auto& version :
         base::require_array(base::require_object(crd, "spec", name), "versions", name)) {
        const auto api_version = group + "/" + base::text_at(version, {"name"});
        if (!client.discovery().find_resource(api_version, kind)) continue;  // not served
        for (const auto& object : client.list(api_version, kind)) {
            if (is_unmanaged(kind, object))
                out.push_back(base::text_at(object, {"metadata", "namespace"}) + "/" +
                              base::text_at(object, {"metadata", "name"}));
        }
        break;  // every version lists the same objects
    }
    return out;
}

}  // namespace airlock::installer
