#include "installer/nodes/node_snapshot.hpp"

#include "kubernetes/state_annotation.hpp"

namespace airlock::installer {

using base::Json;
using kubernetes::node_key;

std::vector<NodeBefore> read_nodes(kubernetes::Client& client) {
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

void restore_node(kubernetes::Client& client, const NodeBefore& before,
                  const std::string& annotation) {
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
