// Objects that are created automatically: Kubernetes, OpenShift or a service mesh creates them in
// every namespace, and again in every new one. They do not prevent the removal of a namespace or
// CRD. Operators add others with --ignore-unmanaged.
#pragma once

#include "base/json.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::installer {

struct DefaultObject {
    std::string_view kind;
    std::string_view name;  // may contain one *, which stands for any text
    std::string_view reason;
};
std::span<const DefaultObject> default_objects();

// KIND/NAME of --ignore-unmanaged; the name may contain one *.
struct IgnoredObject {
    std::string kind;
    std::string name;

    static IgnoredObject parse(std::string_view text);  // Errc::usage
};

bool is_default_object(std::string_view kind, const base::Json& object,
                       const std::vector<IgnoredObject>& ignored);

}  // namespace airlock::installer
