#include "webhook/text_pair.hpp"

namespace airlock::webhook {

const std::string_view* find_value(std::span<const TextPair> pairs, std::string_view key) {
    for (auto at = pairs.rbegin(); at != pairs.rend(); ++at) {
        if (at->first == key) return &at->second;
    }
    return nullptr;
}

}  // namespace airlock::webhook
