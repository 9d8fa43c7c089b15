#include "base/counted.hpp"

#include <fmt/format.h>

namespace airlock::base {

std::string counted(std::size_t number, std::string_view noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace airlock::base
