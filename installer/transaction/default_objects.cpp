#include "installer/transaction/default_objects.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace airlock::installer {
namespace {

constexpr std::array kDefaultObjects{
    DefaultObject{"ConfigMap", "kube-root-ca.crt", "Kubernetes publishes its CA"},
    DefaultObject{"ConfigMap", "openshift-service-ca.crt", "OpenShift publishes its CA"},
    DefaultObject{"ConfigMap", "istio-ca-root-cert", "Istio publishes its CA"},
    DefaultObject{"ServiceAccount", "default", "Kubernetes"},
    DefaultObject{"ServiceAccount", "builder", "OpenShift, for builds"},
    DefaultObject{"ServiceAccount", "deployer", "OpenShift, for deployments"},
    DefaultObject{"Secret", "builder-dockercfg-*", "OpenShift, credentials of that account"},
    DefaultObject{"Secret", "default-dockercfg-*", "OpenShift, credentials of that account"},
    DefaultObject{"Secret", "deployer-dockercfg-*", "OpenShift, credentials of that account"},
    DefaultObject{"RoleBinding", "system:deployers", "OpenShift"},
    DefaultObject{"RoleBinding", "system:image-builders", "OpenShift"},
    DefaultObject{"RoleBinding", "system:image-pullers", "OpenShift"},
    DefaultObject{"Event", "*", "reports, which expire"},
    DefaultObject{"Endpoints", "*", "they follow their Service, which is checked itself"},
    DefaultObject{"EndpointSlice", "*", "they follow their Service, which is checked itself"},
    DefaultObject{"Lease", "*", "leader election; its users create it again"},
};

bool matches(std::string_view pattern, std::string_view name) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == name;
    const auto after = pattern.substr(star + 1);
    return name.size() >= pattern.size() - 1 && name.starts_with(pattern.substr(0, star)) &&
           name.ends_with(after);
}

}  // namespace

std::span<const DefaultObject> default_objects() {
    return kDefaultObjects;
}

IgnoredObject IgnoredObject::parse(std::string_view text) {
    const auto slash = text.find('/');
    const bool valid = slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
                       text.find('/', slash + 1) == std::string_view::npos &&
                       std::ranges::count(text, '*') <= 1 && text.find('*') > slash;
    if (!valid) {
        throw base::Error(base::Errc::usage, "--ignore-unmanaged: \"{}\" is not KIND/NAME", text)
            .set_hint(
                "for example --ignore-unmanaged ConfigMap/mesh-root-ca; the name may contain "
                "one *");
    }
    return {.kind = std::string(text.substr(0, slash)),
            .name = std::string(text.substr(slash + 1))};
}

bool is_default_object(std::string_view kind, const base::Json& object,
                       const std::vector<IgnoredObject>& ignored) {
    // Not by name: Kubernetes before 1.24 creates one for every service account.
    if (kind == "Secret" &&
        base::text_at(object, {"type"}) == "kubernetes.io/service-account-token")
        return true;
    const auto name = base::text_at(object, {"metadata", "name"});
    const auto is_it = [&](const auto& entry) {
        return entry.kind == kind && matches(entry.name, name);
    };
    return std::ranges::any_of(kDefaultObjects, is_it) || std::ranges::any_of(ignored, is_it);
}

}  // namespace airlock::installer
