#include "webhook/ratios.hpp"

namespace airlock::webhook {

const Ratio* find_ratio(const Ratios& ratios, std::string_view resource) {
    for (const auto& entry : ratios) {
        if (entry.resource == resource) return &entry.ratio;
    }
    return nullptr;
}

Ratio MaxRatios::of(std::string_view resource) const {
    if (const auto* ratio = find_ratio(set, resource)) return *ratio;
    const std::uint32_t whole = resource == "cpu" ? 4 : resource == "memory" ? 2 : 1;
    return Ratio::from_millionths(whole * Ratio::kOne);
}

}  // namespace airlock::webhook
