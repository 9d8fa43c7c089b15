// A count with its noun in the right number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace airlock::base {

// "1 image", "3 images"
std::string counted(std::size_t number, std::string_view noun);

}  // namespace airlock::base
