#include "webhook/ratios.hpp"

namespace airlock::webhook {

const Ratio* find_ratio(const Ratios& ratios, std::string_view resource) {
    for (const auto& entry : ratios) {
        if (entry.resource == resource) return &entry.ratio;
    }
    return nullptr;
}

}  // namespace airlock::webhook
