// Human-readable sizes.
#pragma once

#include <cstdint>
#include <string>

namespace airlock::base {

// 1536 gives "1.5 KiB".
std::string human_size(std::uint64_t bytes);

}  // namespace airlock::base
