#include "base/random_id.hpp"

#include <fmt/format.h>

#include <random>

namespace airlock::base {

std::string random_id() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace airlock::base
