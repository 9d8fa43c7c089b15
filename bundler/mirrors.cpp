#include "bundler/mirrors.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace airlock::bundler {

using base::Errc;
using base::Error;

Mirrors::Mirrors(const std::vector<std::string>& arguments) {
    for (const auto& argument : arguments) {
        const auto equals = argument.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == argument.size()) {
            throw Error(Errc::usage, "invalid --mirror {}: must be FROM=TO", argument)
                .set_hint("for example --mirror quay.io=mirror.corp:5000/quay");
        }
        const auto trim = [](std::string text) {
            while (text.ends_with('/'))
                text.pop_back();
            return text;
        };
        rules_.emplace_back(trim(argument.substr(0, equals)), trim(argument.substr(equals + 1)));
    }
    std::ranges::stable_sort(
        rules_, [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::string Mirrors::replace(std::string_view name) const {
    for (const auto& [from, to] : rules_) {
        if (name == from || (name.starts_with(from) && name[from.size()] == '/')) {
            return to + std::string(name.substr(from.size()));
        }
    }
    return std::string(name);
}

images::Reference Mirrors::apply(const images::Reference& reference) const {
    const auto name = replace(reference.name());
    if (name == reference.name()) return reference;
    const auto place = images::Reference::parse(name);
    return reference.at(place.registry(), place.repository());
}

std::string Mirrors::apply_url(std::string_view url) const {
    return replace(url);
}

}  // namespace airlock::bundler
