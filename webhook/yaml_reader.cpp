#include "webhook/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::webhook {

using base::YamlNode;

std::string YamlReader::string(const YamlNode& node, std::string_view what) {
    if (node.is_scalar()) return node.value;
    add(node, fmt::format("{} must be a string", what));
    return {};
}

bool YamlReader::flag(const YamlNode& node, std::string_view what) {
    const bool valid = node.is_scalar() && (node.value == "true" || node.value == "false");
    if (!valid) add(node, fmt::format("{} must be true or false", what));
    return valid && node.value == "true";
}

void YamlReader::map(const YamlNode& node, std::string_view what, const Members& members) {
    if (!node.is_map()) return add(node, fmt::format("{} must be a mapping", what));
    for (const auto& entry : node.entries) {
        const auto& key = *entry.first;
        const auto known = std::find_if(members.begin(), members.end(), [&](const auto& member) {
            return member.first == key.value;
        });
        if (known != members.end()) {
            known->second(*entry.second);
            continue;
        }
        std::string names;
        for (const auto& member : members) {
            names += names.empty() ? "" : ", ";
            names += member.first;
        }
        add(key, fmt::format("unknown key \"{}\" in {}; the valid keys are: {}", key.value, what,
                             names));
    }
}

void YamlReader::add(const YamlNode& node, std::string message) {
    constexpr std::size_t kMaxProblems = 50;
    if (problems_.size() >= kMaxProblems) return;
    problems_.push_back({fmt::format("{}:{}", file_, node.line), std::move(message), {}});
}

}  // namespace airlock::webhook
