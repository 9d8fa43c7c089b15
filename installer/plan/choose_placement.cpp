#include "installer/plan/choose_placement.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <map>

namespace airlock::installer {
namespace {

using base::Json;
using manifests::Placement;

// The elements of the list at `path`; none if it is absent.
std::vector<Json> items_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto* list = base::find_path(object, path);
    return list != nullptr && list->is_array() ? list->get<std::vector<Json>>()
                                               : std::vector<Json>();
}

std::vector<std::string> addresses_of(const Json& endpoints) {
    std::vector<std::string> out;
    for (const auto& subset : items_at(endpoints, {"subsets"})) {
        // An API server that is not ready now is called again later.
        for (const auto* key : {"addresses", "notReadyAddresses"}) {
            for (const auto& address : items_at(subset, {key}))
                out.push_back(base::text_at(address, {"ip"}));
        }
    }
    return out;
}

std::vector<Json> control_plane_nodes(kubernetes::Client& client) {
    std::vector<Json> out;
    for (const auto* role : {"control-plane", "master"}) {
        std::ranges::move(
            client.list("v1", "Node", {},
                        std::string("labelSelector=node-role.kubernetes.io%2F") + role),
            std::back_inserter(out));
    }
    return out;
}

}  // namespace

std::string find_placement_problem(const Json& endpoints, const std::vector<Json>& nodes) {
    std::map<std::string, const Json*> node_at;
    for (const auto& node : nodes) {
        for (const auto& address : items_at(node, {"status", "addresses"}))
            node_at.emplace(base::text_at(address, {"address"}), &node);
    }
    const auto addresses = addresses_of(endpoints);
    if (addresses.empty()) return "no API server is listed in the endpoints of default/kubernetes";
    for (const auto& address : addresses) {
        const auto at = node_at.find(address);
        if (at == node_at.end())
            return fmt::format("API server {} is not on a control-plane node of this cluster",
                               address);
        const auto system = base::text_at(*at->second, {"status", "nodeInfo", "operatingSystem"});
        if (system != "linux") {
            return fmt::format("API server {} is on node {}, which does not run Linux", address,
                               base::text_at(*at->second, {"metadata", "name"}));
        }
    }
    return {};
}

Placement choose_placement(kubernetes::Client& client, Placement wanted,
                           std::optional<Placement> installed) {
    if (installed) {
        if (wanted == Placement::automatic || wanted == *installed) return *installed;
        throw base::Error(base::Errc::unsupported,
                          "PLACEMENT={}: the installed version has the placement {}",
                          to_string(wanted), to_string(*installed))
            .set_hint(fmt::format("uninstall it first, or use --set PLACEMENT={}",
                                  to_string(*installed)));
    }
    if (wanted == Placement::service) return wanted;
    const auto endpoints = client.get({.api_version = "v1",
                                       .kind = "Endpoints",
                                       .namespace_name = "default",
                                       .name = "kubernetes"});
    const auto problem =
        find_placement_problem(endpoints.value_or(Json()), control_plane_nodes(client));
    if (problem.empty()) return Placement::control_plane;
    if (wanted == Placement::control_plane) {
        throw base::Error(base::Errc::unsupported, "PLACEMENT=control-plane: {}", problem)
            .set_hint(
                "use --set PLACEMENT=service; or, if that API server runs on a node, label the "
                "node: kubectl label node NODE node-role.kubernetes.io/control-plane=");
    }
    base::log_info("placement: service ({})", problem);
    return Placement::service;
}

}  // namespace airlock::installer
