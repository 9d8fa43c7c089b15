#include "installer/nodes.hpp"

#include "base/log.hpp"
#include "base/retry.hpp"
#include "manifests/order.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace airlock::installer {
namespace {

constexpr int kKicks = 10;
constexpr std::chrono::milliseconds kKickEvery{500};

ObjectKey node_key(const std::string& name) {
    return {.api_version = "v1", .kind = "Node", .namespace_name = {}, .name = name};
}

}  // namespace

bool takes_oversell_away(const Generation& generation) {
    return !generation.state_annotation.empty() &&
           std::ranges::any_of(generation.objects, [](const ObjectBefore& object) {
               return manifests::is_webhook_configuration(object.key) && !object.object;
           });
}

std::vector<NodeBefore> read_nodes(KubeClient& client) {
    std::vector<NodeBefore> out;
    for (const auto& node : client.list("v1", "Node")) {
        const auto* allocatable = base::find_path(node, {"status", "allocatable"});
        out.push_back({.name = base::require_string(node.at("metadata"), "name", "a node"),
                       .allocatable = allocatable == nullptr ? Json::object() : *allocatable});
    }
    return out;
}

void kick_nodes(KubeClient& client, const std::string& annotation, const std::stop_token& stop) {
    std::vector<std::string> waiting;
    for (const auto& node : read_nodes(client))
        waiting.push_back(node.name);
    for (int tries = kKicks; tries > 0; --tries) {
        std::erase_if(waiting, [&](const std::string& name) {
            if (!client.get(node_key(name))) return true;  // it has left
            const auto node = client.merge_patch(node_key(name), Json::object(), "status");
            const auto* annotations = base::find_path(node, {"metadata", "annotations"});
            return annotation.empty() ||
                   (annotations != nullptr && annotations->contains(annotation));
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
