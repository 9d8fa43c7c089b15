#include "webhook/node_state.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "webhook/resource.hpp"

#include <algorithm>

namespace airlock::webhook {
namespace {

// Ours is a few hundred bytes; more is somebody else's, and not worth parsing.
constexpr std::size_t kMaxState = 16 * 1024;
constexpr std::size_t kMaxResources = 64;

std::optional<ResourceState> parse_resource(const std::string& name, const base::Json& json) {
    const auto text = [&](std::string_view key) -> const std::string* {
        const auto* value = base::find(json, key);
        return value != nullptr && value->is_string() ? value->get_ptr<const std::string*>()
                                                      : nullptr;
    };
    const auto* raw = text("raw");
    const auto* ratio = text("ratio");
    const auto* source = text("source");
    const auto* applied = base::find(json, "applied");
    if (!is_oversellable(name) || raw == nullptr || ratio == nullptr || source == nullptr ||
        applied == nullptr || !applied->is_array() || applied->empty() ||
        applied->size() > ResourceState::kRing) {
        return std::nullopt;
    }
    ResourceState state{.name = name, .raw = {}, .applied = {}, .ratio = {}, .source = *source};
    const auto raw_value = Quantity::parse(*raw);
    const auto ratio_value = Ratio::parse(*ratio);
    if (!raw_value || !is_valid_allocatable(name, *raw_value) || !ratio_value) return std::nullopt;
    state.raw = *raw_value;
    state.ratio = *ratio_value;
    for (const auto& entry : *applied) {
        if (!entry.is_string()) return std::nullopt;
        const auto value = Quantity::parse(entry.get_ref<const std::string&>());
        if (!value || !is_valid_allocatable(name, *value)) return std::nullopt;
        state.applied.push_back(*value);
    }
    return state;
}

}  // namespace

bool ResourceState::was_applied(const Quantity& value) const {
    return std::find(applied.begin(), applied.end(), value) != applied.end();
}

void ResourceState::remember(const Quantity& value) {
    if (!applied.empty() && applied.front() == value) return;
    std::erase(applied, value);
    applied.insert(applied.begin(), value);
    if (applied.size() > kRing) applied.resize(kRing);
}

const ResourceState* NodeState::find(std::string_view name) const {
    const auto at = std::find_if(resources.begin(), resources.end(),
                                 [&](const auto& resource) { return resource.name == name; });
    return at == resources.end() ? nullptr : &*at;
}

std::string NodeState::text() const {
    std::string out;
    if (resources.empty()) return out;
    out.reserve(64 + resources.size() * 128);
    out += R"({"v":1,"generation":)";
    append_json_string(out, generation);
    out += R"(,"resources":{)";
    for (bool first = true; const auto& resource : resources) {
        if (!std::exchange(first, false)) out += ',';
        append_json_string(out, resource.name);
        out += R"(:{"raw":")";
        out += resource.raw.text();
        out += R"(","applied":[)";
        for (bool first_value = true; const auto& value : resource.applied) {
            if (!std::exchange(first_value, false)) out += ',';
            out += '"';
            out += value.text();
            out += '"';
        }
        out += R"(],"ratio":")";
        out += resource.ratio.text();
        out += R"(","source":)";
        append_json_string(out, resource.source);
        out += '}';
    }
    out += "}}";
    return out;
}

std::optional<NodeState> NodeState::parse(std::string_view text) {
    NodeState state;
    if (text.empty()) return state;
    if (text.size() > kMaxState) return std::nullopt;
    base::Json json;
    try {
        json = base::parse_json(text, kStateAnnotation, 8);
    } catch (const base::Error&) {
        return std::nullopt;
    }
    const auto* version = base::find(json, "v");
    const auto* generation = base::find(json, "generation");
    const auto* resources = base::find(json, "resources");
    if (version == nullptr || *version != 1 || generation == nullptr || !generation->is_string() ||
        resources == nullptr || !resources->is_object() || resources->empty() ||
        resources->size() > kMaxResources) {
        return std::nullopt;
    }
    state.generation = generation->get<std::string>();
    for (const auto& [name, value] : resources->items()) {
        auto resource = parse_resource(name, value);
        if (!resource) return std::nullopt;
        state.resources.push_back(std::move(*resource));
    }
    return state;
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            out += '\\';
            out += letter;
        } else if (code < 0x20) {
            out += "\\u00";
            out += kHex[code >> 4U];
            out += kHex[code & 15U];
        } else {
            out += letter;
        }
    }
    out += '"';
}

}  // namespace airlock::webhook
