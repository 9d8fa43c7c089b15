#include "webhook/node_state.hpp"

#include "base/json_string.hpp"
#include "kubernetes/time.hpp"
#include "webhook/resource.hpp"
#include "webhook/small_json_parser.hpp"

#include <algorithm>
#include <utility>

namespace airlock::webhook {
namespace {

namespace sj = simdjson::ondemand;

// A state is a few hundred bytes long; anything far longer was not written by the webhook.
constexpr std::size_t kMaxState = 16 * 1024;
constexpr std::size_t kMaxResources = 64;

std::string_view text_of(sj::value value) {
    if (value.type() != sj::json_type::string) return {};
    return value.get_string();
}

std::optional<Quantity> parse_quantity(std::string_view name, sj::value value) {
    const auto quantity = Quantity::parse(text_of(value));
    return quantity && is_valid_allocatable(name, *quantity) ? quantity : std::nullopt;
}

std::optional<Quantity> parse_applied(std::string_view name, sj::value value) {
    if (value.type() != sj::json_type::array) return parse_quantity(name, value);
    // Version 1: the latest first.
    std::optional<Quantity> latest;
    for (sj::value entry : value.get_array()) {
        const auto applied = parse_quantity(name, entry);
        if (!applied) return std::nullopt;
        if (!latest) latest = applied;
    }
    return latest;
}

// Unknown members belong to later versions and are ignored.
std::optional<ResourceState> parse_resource(std::string_view name, sj::value json) {
    if (!is_oversellable(name) || json.type() != sj::json_type::object) return std::nullopt;
    std::optional<Quantity> raw;
    std::optional<Quantity> applied;
    std::optional<Quantity> capacity;
    std::optional<Ratio> ratio;
    std::optional<std::string> source;
    std::optional<std::chrono::sys_seconds> stepped;
    for (auto member : json.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value value = member.value();
        if (key == "raw") {
            raw = parse_quantity(name, value);
        } else if (key == "applied") {
            applied = parse_applied(name, value);
        } else if (key == "capacity") {
            capacity = parse_quantity(name, value);
            if (!capacity) return std::nullopt;
        } else if (key == "ratio") {
            ratio = Ratio::parse(text_of(value));
        } else if (key == "source") {
            if (value.type() == sj::json_type::string) source = text_of(value);
        } else if (key == "stepped") {
            stepped = kubernetes::parse_time(text_of(value));
            if (!stepped) return std::nullopt;
        }
    }
    if (!raw || !applied || !ratio || !source) return std::nullopt;
    return ResourceState{.name = std::string(name),
                         .raw = *raw,
                         .applied = *applied,
                         .capacity = capacity,
                         .ratio = *ratio,
                         .source = *source,
                         .stepped = stepped};
}

bool parse_resources(sj::value json, std::vector<ResourceState>& out) {
    if (json.type() != sj::json_type::object) return false;
    for (auto member : json.get_object()) {
        const std::string_view name = member.unescaped_key();
        auto resource = parse_resource(name, member.value());
        if (!resource || out.size() == kMaxResources) return false;
        out.push_back(std::move(*resource));
    }
    return !out.empty();
}

std::optional<NodeState> parse_state(sj::document& document) {
    NodeState state;
    bool version = false;
    bool generation = false;
    for (auto member : document.get_object()) {
        const std::string_view key = member.unescaped_key();
        sj::value value = member.value();
        if (key == "v") {
            const bool number = value.type() == sj::json_type::number;
            const double v = number ? double(value.get_double()) : 0;
            version = v == 1 || v == 2;
        } else if (key == "generation") {
            generation = value.type() == sj::json_type::string;
            state.generation = text_of(value);
        } else if (key == "resources") {
            if (!state.resources.empty() || !parse_resources(value, state.resources))
                return std::nullopt;
        }
    }
    if (!version || !generation || state.resources.empty() || !SmallJsonParser::at_end(document))
        return std::nullopt;
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    std::sort(state.resources.begin(), state.resources.end(), by_name);
    const auto same = [](const auto& a, const auto& b) { return a.name == b.name; };
    if (std::adjacent_find(state.resources.begin(), state.resources.end(), same) !=
        state.resources.end()) {
        return std::nullopt;
    }
    return state;
}

}  // namespace

const ResourceState* NodeState::find(std::string_view name) const {
    const auto at = std::find_if(resources.begin(), resources.end(),
                                 [&](const auto& resource) { return resource.name == name; });
    return at == resources.end() ? nullptr : &*at;
}

std::string NodeState::text() const {
    std::string out;
    if (resources.empty()) return out;
    out.reserve(64 + resources.size() * 128);
    out += R"({"v":2,"generation":)";
    base::append_json_string(out, generation);
    out += R"(,"resources":{)";
    for (bool first = true; const auto& resource : resources) {
        if (!std::exchange(first, false)) out += ',';
        base::append_json_string(out, resource.name);
        out += R"(:{"raw":")";
        out += resource.raw.text();
        out += R"(","applied":")";
        out += resource.applied.text();
        if (resource.capacity) {
            out += R"(","capacity":")";
            out += resource.capacity->text();
        }
        out += R"(","ratio":")";
        out += resource.ratio.text();
        out += R"(","source":)";
        base::append_json_string(out, resource.source);
        if (resource.stepped) {
            out += R"(,"stepped":")";
            out += kubernetes::time_text(*resource.stepped);
            out += '"';
        }
        out += '}';
    }
    out += "}}";
    return out;
}

std::optional<NodeState> NodeState::parse(std::string_view text) {
    if (text.empty()) return NodeState{};
    if (text.size() > kMaxState) return std::nullopt;
    thread_local SmallJsonParser parser;
    try {
        sj::document document = parser.parse(text);
        return parse_state(document);
    } catch (const simdjson::simdjson_error&) {
        return std::nullopt;
    }
}

}  // namespace airlock::webhook
