#include "webhook/canary.hpp"

namespace airlock::webhook {

bool in_canary(std::string_view node, std::uint32_t percent) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char character : node) {
        hash ^= static_cast<unsigned char>(character);
        hash *= 1099511628211U;
    }
    // FNV's low bits are uneven for names that differ in their last character only.
    hash ^= hash >> 32U;
    return hash % 100 < percent;
}

}  // namespace airlock::webhook
