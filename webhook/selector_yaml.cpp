#include "webhook/selector_yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace airlock::webhook {
namespace {

using base::YamlNode;
using Operator = Requirement::Operator;

bool is_integer(std::string_view text) {
    constexpr std::size_t kMaxDigits = 18;  // always fits into 64 bits
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.size() <= kMaxDigits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void check_values(const YamlNode& node, std::string_view op, const Requirement& requirement,
                  YamlReader& reader) {
    const auto& values = requirement.values;
    switch (requirement.op) {
        case Operator::in:
        case Operator::not_in:
            if (values.empty()) reader.add(node, fmt::format("operator {} needs values", op));
            break;
        case Operator::exists:
        case Operator::does_not_exist:
            if (!values.empty()) reader.add(node, fmt::format("operator {} takes no values", op));
            break;
        case Operator::gt:
        case Operator::lt:
            if (values.size() != 1 || !is_integer(values.front())) {
                reader.add(node,
                           fmt::format("operator {} needs exactly one value, an integer", op));
            }
            break;
    }
}

Requirement read_requirement(const YamlNode& node, YamlReader& reader) {
    static constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators{
        {{"In", Operator::in},
         {"NotIn", Operator::not_in},
         {"Exists", Operator::exists},
         {"DoesNotExist", Operator::does_not_exist},
         {"Gt", Operator::gt},
         {"Lt", Operator::lt}}};
    Requirement requirement;
    std::string op;
    reader.map(node, "an expression",
               {{"key", [&](const auto& key) { requirement.key = reader.string(key, "key"); }},
                {"operator", [&](const auto& name) { op = reader.string(name, "operator"); }},
                {"values", [&](const auto& values) {
                     if (!values.is_list()) return reader.add(values, "values must be a list");
                     for (const auto* value : values.items)
                         requirement.values.push_back(reader.string(*value, "a value"));
                 }}});
    if (requirement.key.empty()) reader.add(node, "an expression needs a key");
    const auto* known = std::find_if(kOperators.begin(), kOperators.end(),
                                     [&](const auto& entry) { return entry.first == op; });
    if (known == kOperators.end()) {
        reader.add(node, fmt::format("operator \"{}\" is not valid: it must be In, NotIn, Exists, "
                                     "DoesNotExist, Gt or Lt",
                                     op));
        return requirement;
    }
    requirement.op = known->second;
    check_values(node, op, requirement, reader);
    return requirement;
}

}  // namespace

Selector read_selector(const YamlNode& node, YamlReader& reader) {
    Selector selector;
    reader.map(node, "a selector",
               {{"matchLabels",
                 [&](const auto& labels) {
                     if (!labels.is_map())
                         return reader.add(labels, "matchLabels must be a mapping");
                     for (const auto& [key, value] : labels.entries) {
                         selector.requirements.push_back(
                             {.key = key->value,
                              .op = Operator::in,
                              .values = {reader.string(*value, "the value of a label")}});
                     }
                 }},
                {"matchExpressions", [&](const auto& expressions) {
                     if (!expressions.is_list())
                         return reader.add(expressions, "matchExpressions must be a list");
                     for (const auto* expression : expressions.items)
                         selector.requirements.push_back(read_requirement(*expression, reader));
                 }}});
    return selector;
}

}  // namespace airlock::webhook
