#include "kubernetes/object_name.hpp"

#include "base/ascii.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace airlock::kubernetes {
using base::is_lower_alnum;

bool is_object_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && is_lower_alnum(text.front()) &&
           is_lower_alnum(text.back()) && std::ranges::all_of(text, [](char c) {
               return is_lower_alnum(c) || c == '-' || c == '.';
           });
}

NamespacedName NamespacedName::parse(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto space = text.substr(0, slash);
    const auto name = text.substr(std::min(slash + 1, text.size()));
    const bool valid =
        is_object_name(space) && space.find('.') == std::string_view::npos && is_object_name(name);
    if (!valid)
        throw base::Error(base::Errc::invalid, "\"{}\" is not a valid NAMESPACE/NAME", text);
    return {.namespace_name = std::string(space), .name = std::string(name)};
}

}  // namespace airlock::kubernetes
