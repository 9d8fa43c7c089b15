#include "installer/plan/install_summary.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace airlock::installer {
namespace {

using base::Json;

// Without the fields that the API server maintains.
Json comparable(Json object) {
    object.erase("status");
    if (const auto metadata = object.find("metadata");
        metadata != object.end() && metadata->is_object()) {
        for (const auto* key : {"managedFields", "resourceVersion", "generation"})
            metadata->erase(key);
    }
    return object;
}

constexpr int kMaxTries = 5;

std::string version_of(const Json& object) {
    return base::text_at(object, {"metadata", "resourceVersion"});
}

// A dry run needs the kind and the namespace of the object to exist.
bool can_dry_run(kubernetes::Client& client, const kubernetes::ObjectKey& key) {
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

std::vector<std::string> changed_fields(const Json& live, const Json& after) {
    std::vector<std::string> out;
    for (const auto& step : Json::diff(comparable(live), comparable(after))) {
        auto path = step.at("path").get<std::string>().substr(1);
        std::ranges::replace(path, '/', '.');
        for (const auto& [escaped, plain] : {std::pair{"~1", "/"}, {"~0", "~"}}) {
            for (auto at = path.find(escaped); at != std::string::npos; at = path.find(escaped, at))
                path.replace(at++, 2, plain);
        }
        out.push_back(std::move(path));
    }
    return out;
}

InstallSummary summarize(kubernetes::Client& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         std::size_t concurrency, const std::stop_token& stop) {
    InstallSummary out{.create = {},
                       .change = {},
                       .push = plan_push(registry, bundle, plan.placements, concurrency, stop)};
    std::set<kubernetes::ObjectKey> created;
    for (const auto& component : plan.components) {
        for (const auto& object : component.objects) {
            auto live = client.get(object.key);
            if (!live) {
                if (created.insert(object.key).second) out.create.push_back(object.key.text());
                if (!can_dry_run(client, object.key)) continue;
            }
            auto after = client.apply(object.key, object.text, object.field_manager, true);
            if (!live) continue;
            // Another client may have written in between, for example the holder of a Lease.
            for (int tries = 0; tries < kMaxTries && version_of(*live) != version_of(after);
                 ++tries) {
                live = client.get(object.key);
                if (!live) break;
                after = client.apply(object.key, object.text, object.field_manager, true);
            }
            if (!live) continue;
            if (auto fields = changed_fields(*live, after); !fields.empty())
                out.change.push_back({.object = object.key.text(), .fields = std::move(fields)});
        }
    }
    return out;
}

}  // namespace airlock::installer
