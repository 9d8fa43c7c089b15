// Names of Kubernetes objects as text.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace airlock::kubernetes {

// Whether `text` is an RFC 1123 subdomain, which most names of objects must be.
bool is_object_name(std::string_view text);

// "namespace/name"
struct NamespacedName {
    std::string namespace_name;
    std::string name;

    auto operator<=>(const NamespacedName&) const = default;
    std::string text() const { return namespace_name + "/" + name; }
    // Errc::invalid unless both parts are valid names.
    static NamespacedName parse(std::string_view text);
};

}  // namespace airlock::kubernetes
