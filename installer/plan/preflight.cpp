#include "installer/plan/preflight.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <set>
#include <tuple>

namespace airlock::installer {
namespace {

// verb, group, resource, namespace
using Permission = std::tuple<std::string, std::string, std::string, std::string>;

std::string group_of(const std::string& api_version) {
    const auto slash = api_version.find('/');
    return slash == std::string::npos ? std::string() : api_version.substr(0, slash);
}

std::set<Permission> required_permissions(kubernetes::Client& client, const InstallPlan& plan) {
    std::set<Permission> out{
        {"get", "", "namespaces", ""}, {"get", "", "nodes", ""},          {"list", "", "nodes", ""},
        {"patch", "", "nodes", ""},    {"patch", "", "nodes/status", ""}, {"list", "", "pods", ""},
    };
    for (const auto* verb : {"list", "create", "patch", "delete"})
        out.emplace(verb, "", "secrets", "kube-system");
    for (const auto* verb : {"get", "create", "delete"})
        out.emplace(verb, "coordination.k8s.io", "leases", "kube-system");
    for (const auto& key : plan.keys()) {
        // Discovery does not know kinds whose CRDs the plan applies.
        const auto resource = client.discovery().find_resource(key.api_version, key.kind);
        if (!resource) continue;
        for (const auto* verb : {"get", "create", "patch", "update", "delete"})
            out.emplace(verb, group_of(key.api_version), resource->plural, key.namespace_name);
    }
    return out;
}

}  // namespace

void preflight(kubernetes::Client& client, images::RegistryClient& registry,
               const InstallPlan& plan) {
    std::vector<base::Problem> problems;
    const bool is_admin = client.allowed("*", "*", "*");
    for (const auto& [verb, group, resource, name_space] : required_permissions(client, plan)) {
        if (is_admin || client.allowed(verb, group, resource, name_space)) continue;
        problems.push_back(
            {.where = "permission",
             .message =
                 fmt::format("cannot {} {}{}{}", verb, resource, group.empty() ? "" : "." + group,
                             name_space.empty() ? "" : " in namespace " + name_space),
             .hint = "use the kubeconfig of a cluster administrator"});
    }
    base::throw_if_any(
        base::Errc::denied,
        "permission denied: installing needs permissions that this user does not have:", problems);
    if (!plan.placements.empty() && !registry.can_delete(plan.placements.front().repository)) {
        base::log_warn(
            "registry {} does not allow deletion: a rollback will keep the new tags and list them",
            registry.host());
    }
}

}  // namespace airlock::installer
