#include "installer/install_summary.hpp"

#include <set>

namespace airlock::installer {
namespace {

// What apply would change, the server's own bookkeeping aside.
Json comparable(Json object) {
    object.erase("status");
    auto& metadata = object["metadata"];
    for (const auto* key : {"managedFields", "resourceVersion", "generation"}) {
        if (metadata.is_object()) metadata.erase(key);
    }
    return object;
}

// Whether the server can judge the object already: its kind is known and its namespace there.
bool can_try(KubeClient& client, const ObjectKey& key) {
    if (!client.discovery().find_resource(key.api_version, key.kind)) return false;
    if (key.namespace_name.empty()) return true;
    return client
        .get({.api_version = "v1",
              .kind = "Namespace",
              .namespace_name = {},
              .name = key.namespace_name})
        .has_value();
}

}  // namespace

InstallSummary summarize(KubeClient& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         std::size_t concurrency, const std::stop_token& stop) {
    InstallSummary out{.create = {},
                       .change = {},
                       .push = plan_push(registry, bundle, plan.targets, concurrency, stop)};
    std::set<ObjectKey> created;
    for (const auto& component : plan.components) {
        for (const auto& object : component.objects) {
            const auto live = client.get(object.key);
            if (!live) {
                if (created.insert(object.key).second) out.create.push_back(object.key.text());
                if (!can_try(client, object.key)) continue;
            }
            const auto after = client.apply(object.key, object.text, object.field_manager, true);
            if (live && comparable(after) != comparable(*live))
                out.change.push_back(object.key.text());
        }
    }
    return out;
}

}  // namespace airlock::installer
