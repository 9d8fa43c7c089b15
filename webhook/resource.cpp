#include "webhook/resource.hpp"

namespace airlock::webhook {

bool is_valid_allocatable(std::string_view resource, const Quantity& value) {
    if (value.is_negative()) return false;
    const bool divisible = resource == "cpu" || resource == "memory" ||
                           resource == "ephemeral-storage" || resource == "storage";
    return divisible || value.is_whole();
}

bool is_oversellable(std::string_view resource) {
    constexpr std::size_t kMaxName = 253 + 1 + 63;  // a DNS name, a slash, a name
    return !resource.empty() && resource.size() <= kMaxName &&
           !resource.starts_with("hugepages-") && !resource.starts_with("attachable-volumes-");
}

}  // namespace airlock::webhook
