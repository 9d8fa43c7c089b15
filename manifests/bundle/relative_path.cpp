#include "manifests/bundle/relative_path.hpp"

namespace airlock::manifests {

bool is_plain_relative_path(std::string_view path) {
    for (;;) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace airlock::manifests
