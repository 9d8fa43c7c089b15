#include "installer/kick_watch.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/quantity.hpp"

#include <algorithm>
#include <optional>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::Quantity;

constexpr std::chrono::seconds kEvery{5};

ObjectKey node_key(const std::string& name) {
    return {.api_version = "v1", .kind = "Node", .namespace_name = {}, .name = name};
}

std::optional<Quantity> quantity_of(const Json* text) {
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return Quantity::parse(text->get_ref<const std::string&>());
}

// {"resources": {NAME: {"applied": [NEWEST, …]}}}; null for anything else.
Json resources_of(const Json& node, const std::string& annotation) {
    const auto* text = base::find_path(node, {"metadata", "annotations", annotation});
    if (text == nullptr || !text->is_string()) return nullptr;
    try {
        const auto record =
            base::parse_json(text->get_ref<const std::string&>(), "the state annotation");
        const auto* resources = base::find(record, "resources");
        return resources != nullptr && resources->is_object() ? *resources : Json();
    } catch (const Error&) {  // an emptied record, or somebody else's
        return nullptr;
    }
}

}  // namespace

bool is_stale(const Json& node, const std::string& annotation) {
    const auto resources = resources_of(node, annotation);
    for (const auto& [name, resource] : resources.items()) {
        const auto* applied = base::find(resource, "applied");
        if (applied == nullptr || !applied->is_array() || applied->empty()) continue;
        const auto wanted = quantity_of(&applied->front());
        const auto stored = quantity_of(base::find_path(node, {"status", "allocatable", name}));
        if (wanted && stored && *wanted != *stored) return true;
    }
    return false;
}

void KickWatch::see(const Json& node) {
    const auto name = base::require_string(base::require_object(node, "metadata", "a watched node"),
                                           "name", "a watched node");
    const auto at = std::ranges::find(stale_, name);
    if (is_stale(node, annotation_)) {
        if (at == stale_.end()) stale_.push_back(name);
    } else if (at != stale_.end()) {
        stale_.erase(at);
    }
}

void KickWatch::kick() {
    for (auto left = stale_.size(); left > 0; --left) {
        const auto name = stale_.front();
        stale_.pop_front();
        try {
            const auto node = client_.merge_patch(node_key(name), Json::object(), "status");
            if (is_stale(node, annotation_)) return stale_.push_back(name);
            base::log_info("node {}: the webhook's values are in force again", name);
        } catch (const Error& error) {
            if (error.code() == Errc::not_found) continue;  // it has left
            stale_.push_back(name);
            throw;
        }
    }
}

void KickWatch::run(const std::stop_token& stop) {
    std::optional<std::string> version;
    do {
        try {
            if (!version) {
                version =
                    client_.for_each("v1", "Node", {}, {}, [&](const Json& node) { see(node); });
            }
            kick();
            version =
                client_.watch("v1", "Node", *version, kEvery, [&](const Json& node) { see(node); });
        } catch (const Error& error) {
            if (error.code() == Errc::denied) throw;
            if (stop.stop_requested()) return;
            base::log_warn("{}", error.what());
            version.reset();
            base::sleep_for(kEvery, stop);
        }
    } while (!stop.stop_requested());
}

}  // namespace airlock::installer
