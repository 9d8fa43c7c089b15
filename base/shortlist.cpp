#include "base/shortlist.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace airlock::base {

std::string shortlist(std::vector<std::string> names) {
    constexpr std::size_t kMaxListed = 20;
    if (names.empty()) return "none";
    if (names.size() > kMaxListed) {
        const auto more = names.size() - kMaxListed;
        names.resize(kMaxListed);
        names.back() += fmt::format(" and {} more", more);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace airlock::base
