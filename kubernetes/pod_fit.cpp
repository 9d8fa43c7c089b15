#include "kubernetes/pod_fit.hpp"

#include "kubernetes/quantity.hpp"

#include <algorithm>
#include <map>

namespace airlock::kubernetes {
namespace {

using base::Json;
using Amounts = std::map<std::string, Int128>;  // in nano of each resource's unit

constexpr std::int64_t kCritical = 2'000'000'000;  // scheduling.SystemCriticalPriority

Amounts amounts_of(const Json* quantities) {
    Amounts out;
    if (quantities == nullptr || !quantities->is_object()) return out;
    for (const auto& [resource, text] : quantities->items()) {
        if (!text.is_string()) continue;
        if (const auto quantity = Quantity::parse(text.get<std::string>()))
            out[resource] = quantity->nano();
    }
    return out;
}

void add(Amounts& to, const Amounts& more) {
    for (const auto& [resource, amount] : more)
        to[resource] += amount;
}

void raise(Amounts& to, const Amounts& minimum) {
    for (const auto& [resource, amount] : minimum)
        to[resource] = std::max(to[resource], amount);
}

// As the scheduler computes it: the sum of containers and sidecars (init containers with
// restartPolicy Always), or the largest init container with the sidecars before it, whichever is
// more; plus the pod overhead.
Amounts requests_of(const Json& pod) {
    Amounts sum{{"pods", kNanoPerUnit}};
    Amounts init;
    const auto each = [&](std::string_view list, auto&& count) {
        const auto* containers = base::find_path(pod, {"spec", list});
        if (containers == nullptr || !containers->is_array()) return;
        for (const auto& container : *containers)
            count(container, amounts_of(base::find_path(container, {"resources", "requests"})));
    };
    each("containers", [&](const Json&, const Amounts& requests) { add(sum, requests); });
    Amounts sidecars;
    each("initContainers", [&](const Json& container, const Amounts& requests) {
        if (base::get_string(container, "restartPolicy", "a container") == "Always") {
            add(sidecars, requests);
            return;
        }
        auto with_sidecars = sidecars;
        add(with_sidecars, requests);
        raise(init, with_sidecars);
    });
    add(sum, sidecars);
    raise(sum, init);
    add(sum, amounts_of(base::find_path(pod, {"spec", "overhead"})));
    return sum;
}

std::int64_t priority_of(const Json& pod) {
    const auto* priority = base::find_path(pod, {"spec", "priority"});
    return priority != nullptr && priority->is_number_integer() ? priority->get<std::int64_t>() : 0;
}

bool is_critical(const Json& pod) {
    return priority_of(pod) >= kCritical;
}

bool has_ended(const Json& pod) {
    const auto phase = base::text_at(pod, {"status", "phase"});
    return phase == "Succeeded" || phase == "Failed";
}

std::vector<const Json*> pods_of(std::span<const Json> pods, std::string_view node) {
    std::vector<const Json*> out;
    for (const auto& pod : pods) {
        if (base::text_at(pod, {"spec", "nodeName"}) == node && !has_ended(pod))
            out.push_back(&pod);
    }
    std::ranges::stable_sort(out, [](const Json* a, const Json* b) {
        if (is_critical(*a) != is_critical(*b)) return is_critical(*a);
        return base::text_at(*a, {"metadata", "creationTimestamp"}) <
               base::text_at(*b, {"metadata", "creationTimestamp"});
    });
    return out;
}

// Empty when the pod fits.
std::string first_insufficient(const Amounts& free, const Amounts& requests) {
    for (const auto& [resource, amount] : requests) {
        const auto at = free.find(resource);
        if (amount > 0 && at != free.end() && amount > at->second) return resource;
    }
    return {};
}

}  // namespace

std::vector<UnfitPod> unfit_pods(std::span<const Json> pods, std::string_view node,
                                 const Json& allocatable) {
    std::vector<UnfitPod> out;
    auto free = amounts_of(&allocatable);
    for (const auto* pod : pods_of(pods, node)) {
        const auto requests = requests_of(*pod);
        auto resource = first_insufficient(free, requests);
        if (!resource.empty()) {
            out.push_back({.pod = base::text_at(*pod, {"metadata", "namespace"}) + "/" +
                                  base::text_at(*pod, {"metadata", "name"}),
                           .priority = priority_of(*pod),
                           .resource = std::move(resource)});
            continue;
        }
        for (const auto& [each, amount] : requests) {
            if (const auto at = free.find(each); at != free.end()) at->second -= amount;
        }
    }
    return out;
}

}  // namespace airlock::kubernetes
