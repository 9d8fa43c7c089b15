#include "installer/nodes.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/quantity.hpp"
#include "base/retry.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace airlock::installer {
namespace {

using base::Error;
using base::Quantity;

constexpr int kKicks = 10;
constexpr std::chrono::milliseconds kKickEvery{500};

std::optional<Quantity> quantity_of(const Json* text) {
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return Quantity::parse(text->get_ref<const std::string&>());
}

// {"resources": {NAME: {"applied": [NEWEST, …]}}}; null for anything else.
Json resources_of(const Json& node, const std::string& annotation) {
    const auto* text = base::find_path(node, {"metadata", "annotations", annotation});
    if (text == nullptr || !text->is_string()) return nullptr;
    try {
        const auto record =
            base::parse_json(text->get_ref<const std::string&>(), "the state annotation");
        const auto* resources = base::find(record, "resources");
        return resources != nullptr && resources->is_object() ? *resources : Json();
    } catch (const Error&) {  // an emptied record, or somebody else's
        return nullptr;
    }
}

}  // namespace

ObjectKey node_key(const std::string& name) {
    return {.api_version = "v1", .kind = "Node", .namespace_name = {}, .name = name};
}

bool is_stale(const Json& node, const std::string& annotation) {
    const auto resources = resources_of(node, annotation);
    for (const auto& [name, resource] : resources.items()) {
        const auto* applied = base::find(resource, "applied");
        if (applied == nullptr || !applied->is_array() || applied->empty()) continue;
        const auto wanted = quantity_of(&applied->front());
        const auto stored = quantity_of(base::find_path(node, {"status", "allocatable", name}));
        if (wanted && stored && *wanted != *stored) return true;
    }
    return false;
}

std::vector<NodeBefore> read_nodes(KubeClient& client) {
    std::vector<NodeBefore> out;
    for (const auto& node : client.list("v1", "Node")) {
        const auto* allocatable = base::find_path(node, {"status", "allocatable"});
        const bool known = allocatable != nullptr && allocatable->is_object();
        out.push_back({.name = base::require_string(
                           base::require_object(node, "metadata", "a node"), "name", "a node"),
                       .allocatable = known ? *allocatable : Json::object()});
    }
    return out;
}

void kick_nodes(KubeClient& client, const std::string& annotation, const std::stop_token& stop) {
    std::vector<std::string> waiting;
    for (const auto& node : read_nodes(client))
        waiting.push_back(node.name);
    for (int tries = kKicks; tries > 0; --tries) {
        std::erase_if(waiting, [&](const std::string& name) {
            try {
                const auto node = client.merge_patch(node_key(name), Json::object(), "status");
                return annotation.empty() ||
                       (base::find_path(node, {"metadata", "annotations", annotation}) != nullptr &&
                        !is_stale(node, annotation));
            } catch (const base::Error& error) {
                if (error.code() != base::Errc::not_found) throw;
                return true;  // it has left
            }
        });
        if (waiting.empty() || !base::sleep_for(kKickEvery, stop)) return;
    }
    base::log_info("left as they are, by a label or by the policy: {}", fmt::join(waiting, ", "));
}

void restore_node(KubeClient& client, const NodeBefore& before, const std::string& annotation) {
    const auto live = client.get(node_key(before.name));
    if (!live) return;
    const auto* annotations = base::find_path(*live, {"metadata", "annotations"});
    if (annotations == nullptr || !annotations->contains(annotation)) return;
    Json changed = Json::object();
    for (const auto& [resource, quantity] : before.allocatable.items()) {
        const auto* now = base::find_path(*live, {"status", "allocatable", resource});
        if (now != nullptr && *now != quantity) changed[resource] = quantity;
    }
    if (!changed.empty())
        client.merge_patch(node_key(before.name), {{"status", {{"allocatable", changed}}}},
                           "status");
    client.merge_patch(node_key(before.name),
                       {{"metadata", {{"annotations", {{annotation, nullptr}}}}}});
}

}  // namespace airlock::installer
