// Identifies an object by API version, kind, namespace and name. Plain data that never contacts a
// cluster; manifests/ uses it for the objects of documents.
#pragma once

#include <compare>
#include <string>

namespace airlock::kubernetes {

// An absent namespace stays empty: only discovery knows whether the kind is namespaced, and only
// the kubeconfig has the default namespace.
struct ObjectKey {
    std::string api_version;  // apps/v1
    std::string kind;
    std::string namespace_name;
    std::string name;

    auto operator<=>(const ObjectKey&) const = default;

    std::string group() const;  // apps; empty for v1
    // Deployment node-oversell-webhook/node-oversell-webhook, Namespace cert-manager
    std::string text() const;
};

}  // namespace airlock::kubernetes
