#include "installer/transaction/ownership.hpp"

#include "base/error.hpp"
#include "kubernetes/field_managers.hpp"

#include <algorithm>

namespace airlock::installer {
namespace {

using base::Json;

bool is_terminating(const Json& object) {
    return base::find_path(object, {"metadata", "deletionTimestamp"}) != nullptr;
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

class OwnerWalk {
  public:
    OwnerWalk(const std::vector<IgnoredObject>& ignored, const FindOwner& find_owner)
        : ignored_(ignored), find_owner_(find_owner) {}

    bool is_unmanaged(std::string_view kind, const Json& object, int above) const {
        if (is_terminating(object) || is_default_object(kind, object, ignored_) ||
            is_applied_by_installer(object))
            return false;
        const auto* owners = base::find_path(object, {"metadata", "ownerReferences"});
        if (owners == nullptr || !owners->is_array() || owners->empty())
            return !is_issued_by_cert_manager(object);
        if (above == kMaxOwners) return true;
        const auto name_space = base::text_at(object, {"metadata", "namespace"});
        return std::ranges::any_of(*owners, [&](const Json& reference) {
            const auto owner = find_owner_(reference, name_space);
            switch (owner.state) {
                case Owner::State::gone:
                    return false;
                case Owner::State::unknown:
                    return true;
                case Owner::State::found:
                    return is_unmanaged(owner.kind, owner.object, above + 1);
            }
            return true;
        });
    }

  private:
    const std::vector<IgnoredObject>& ignored_;
    const FindOwner& find_owner_;
};

}  // namespace

bool is_ours(const Json& live, const std::string& created_uid) {
    if (is_applied_by_installer(live)) return true;
    if (!created_uid.empty()) return base::text_at(live, {"metadata", "uid"}) == created_uid;
    // An object of which only the name was applied (a bare Namespace) has no managed fields. It was
    // absent before, and no other field manager claims it.
    const auto* fields = base::find_path(live, {"metadata", "managedFields"});
    return fields == nullptr || fields->empty();
}

bool is_unmanaged(std::string_view kind, const Json& object,
                  const std::vector<IgnoredObject>& ignored, const FindOwner& find_owner) {
    return OwnerWalk(ignored, find_owner).is_unmanaged(kind, object, 0);
}

bool Ownership::is_unmanaged(std::string_view kind, const Json& object) {
    return installer::is_unmanaged(
        kind, object, ignored_, [this](const Json& reference, const std::string& name_space) {
            const auto uid = base::text_at(reference, {"uid"});
            const auto known = owners_.find(uid);
            if (known != owners_.end()) return known->second;
            return owners_.emplace(uid, find_owner(reference, name_space)).first->second;
        });
}

Owner Ownership::find_owner(const Json& reference, const std::string& namespace_name) {
    kubernetes::ObjectKey key{.api_version = base::text_at(reference, {"apiVersion"}),
                              .kind = base::text_at(reference, {"kind"}),
                              .namespace_name = namespace_name,
                              .name = base::text_at(reference, {"name"})};
    try {
        const auto resource = client_.discovery().find_resource(key.api_version, key.kind);
        if (!resource) return {.state = Owner::State::unknown};
        // An owner without a namespace may own objects in any.
        if (!resource->namespaced) key.namespace_name.clear();
        auto live = client_.get(key);
        if (!live || base::text_at(*live, {"metadata", "uid"}) != base::text_at(reference, {"uid"}))
            return {.state = Owner::State::gone};
        return {.state = Owner::State::found, .kind = key.kind, .object = *std::move(live)};
    } catch (const base::Error& error) {
        // No answer is no verdict: the whole question is asked again later.
        using enum base::Errc;
        if (error.code() == network || error.code() == timeout || error.code() == cancelled) throw;
        return {.state = Owner::State::unknown};
    }
}

bool Ownership::was_created_by_another(const kubernetes::ObjectKey& key, const Json& live) {
    owners_.clear();
    return !is_ours(live, {}) && is_unmanaged(key.kind, live);
}

std::vector<std::string> Ownership::unmanaged_objects_in(const std::string& name_space) {
    std::vector<std::string> out;
    owners_.clear();
    client_.discovery().forget();  // CRDs may have been deleted just now
    for (const auto& [api_version, kind] : client_.discovery().namespaced_kinds()) {
        for (const auto& object : list_if_served(client_, api_version, kind, name_space)) {
            if (is_unmanaged(kind, object))
                out.push_back(kind + " " + base::text_at(object, {"metadata", "name"}));
        }
    }
    return out;
}

std::vector<std::string> Ownership::unmanaged_instances_of(const Json& crd) {
    std::vector<std::string> out;
    owners_.clear();
    client_.discovery().forget();
    const auto group = base::text_at(crd, {"spec", "group"});
    const auto kind = base::text_at(crd, {"spec", "names", "kind"});
    const auto name = base::text_at(crd, {"metadata", "name"});
    for (const auto& version :
         base::require_array(base::require_object(crd, "spec", name), "versions", name)) {
        const auto api_version = group + "/" + base::text_at(version, {"name"});
        if (!client_.discovery().find_resource(api_version, kind)) continue;  // not served
        for (const auto& object : list_if_served(client_, api_version, kind, {})) {
            if (is_unmanaged(kind, object))
                out.push_back(base::text_at(object, {"metadata", "namespace"}) + "/" +
                              base::text_at(object, {"metadata", "name"}));
        }
        break;  // every version lists the same objects
    }
    return out;
}

}  // namespace airlock::installer
