#include "kubernetes/object_key.hpp"

namespace airlock::kubernetes {

std::string ObjectKey::group() const {
    const auto slash = api_version.find('/');
    return slash == std::string::npos ? std::string() : api_version.substr(0, slash);
}

std::string ObjectKey::text() const {
    return namespace_name.empty() ? kind + " " + name : kind + " " + namespace_name + "/" + name;
}

}  // namespace airlock::kubernetes
