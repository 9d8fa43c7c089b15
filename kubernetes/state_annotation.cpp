#include "kubernetes/state_annotation.hpp"

#include "base/error.hpp"
#include "kubernetes/quantity.hpp"

#include <optional>
#include <string_view>

namespace airlock::kubernetes {
namespace {

using base::Json;

std::optional<Quantity> quantity_of(const Json* text) {
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return Quantity::parse(text->get_ref<const std::string&>());
}

// {"resources": {NAME: {"applied": QUANTITY}}}; null for anything else.
Json resources_of(const Json& node, const std::string& annotation) {
    const auto* text = base::find_path(node, {"metadata", "annotations", annotation});
    if (text == nullptr || !text->is_string()) return nullptr;
    try {
        const auto record =
            base::parse_json(text->get_ref<const std::string&>(), "the state annotation");
        const auto* resources = base::find(record, "resources");
        return resources != nullptr && resources->is_object() ? *resources : Json();
    } catch (const base::Error&) {  // not a record of the webhook
        return nullptr;
    }
}

}  // namespace

ObjectKey node_key(const std::string& name) {
    return {.api_version = "v1", .kind = "Node", .namespace_name = {}, .name = name};
}

bool is_stale(const Json& node, const std::string& annotation) {
    const auto resources = resources_of(node, annotation);
    for (const auto& [name, resource] : resources.items()) {
        const auto* applied = base::find(resource, "applied");
        const bool list = applied != nullptr && applied->is_array() && !applied->empty();
        const auto wanted = quantity_of(list ? &applied->front() : applied);
        const auto stored = quantity_of(base::find_path(node, {"status", "allocatable", name}));
        if (wanted && stored && *wanted != *stored) return true;
    }
    return false;
}

}  // namespace airlock::kubernetes
