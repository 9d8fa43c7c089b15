#include "base/yaml_fields.hpp"

#include <algorithm>
#include <utility>

namespace airlock::base {

YamlFields::YamlFields(const YamlTree& tree, const YamlNode& node, std::string what)
    : tree_(tree), node_(node), what_(std::move(what)) {
    if (!node.is_map()) refuse("must be a map");
}

void YamlFields::refuse(const YamlNode& at, std::string_view message, std::string hint) const {
    auto error = yaml_error(Errc::invalid, tree_.file(), at, fmt::format("{}: {}", what_, message));
    if (!hint.empty()) error.set_hint(std::move(hint));
    throw error;
}

const YamlNode* YamlFields::find(std::string_view key) {
    if (std::ranges::count(known_, key) == 0) known_.emplace_back(key);
    const auto* value = node_.find(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string YamlFields::text_of(const YamlNode& node, std::string_view key) const {
    if (!node.is_scalar()) refuse(node, fmt::format("\"{}\" must be a string", key));
    return node.value;
}

std::string YamlFields::string(std::string_view key, std::string fallback) {
    const auto* value = find(key);
    return value == nullptr ? std::move(fallback) : text_of(*value, key);
}

std::string YamlFields::required_string(std::string_view key) {
    auto value = string(key);
    if (value.empty()) refuse(fmt::format("\"{}\" is missing", key));
    return value;
}

bool YamlFields::flag(std::string_view key, bool fallback) {
    const auto* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_scalar() && !value->quoted) {
        if (value->value == "true") return true;
        if (value->value == "false") return false;
    }
    refuse(*value, fmt::format("\"{}\" must be true or false", key));
}

std::vector<const YamlNode*> YamlFields::list(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_list()) refuse(*value, fmt::format("\"{}\" must be a list", key));
    return value->items;
}

std::vector<std::string> YamlFields::strings(std::string_view key) {
    std::vector<std::string> out;
    for (const auto* item : list(key))
        out.push_back(text_of(*item, key));
    return out;
}

std::map<std::string, std::string> YamlFields::string_map(std::string_view key) {
    std::map<std::string, std::string> out;
    const auto* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_map()) refuse(*value, fmt::format("\"{}\" must be a map", key));
    for (const auto& [name, entry] : value->entries)
        out.emplace(name->value, text_of(*entry, name->value));
    return out;
}

void YamlFields::finish() const {
    for (const auto& [key, value] : node_.entries) {
        if (std::ranges::count(known_, key->value) > 0) continue;
        std::string names;
        for (const auto& name : known_)
            names += (names.empty() ? "" : ", ") + name;
        refuse(*key, fmt::format("unknown key \"{}\"", key->value), "valid keys: " + names);
    }
}

}  // namespace airlock::base
