// What an object is called. Plain data: it asks no cluster. Also included by manifests/, which
// names the objects of its documents so.
#pragma once

#include <compare>
#include <string>

namespace airlock::kubernetes {

// An absent namespace stays empty: whether the kind has namespaces, and which one is the default,
// only the cluster's discovery knows.
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
