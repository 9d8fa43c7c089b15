#include "webhook/selector.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace airlock::webhook {
namespace {

std::optional<std::int64_t> to_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

bool Requirement::matches(std::span<const TextPair> labels) const {
    const auto* value = find_value(labels, key);
    const auto listed = [&] {
        return value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
    };
    switch (op) {
        case Operator::in:
            return listed();
        case Operator::not_in:
            return !listed();
        case Operator::exists:
            return value != nullptr;
        case Operator::does_not_exist:
            return value == nullptr;
        case Operator::gt:
        case Operator::lt: {
            if (value == nullptr || values.empty()) return false;
            const auto have = to_integer(*value);
            const auto bound = to_integer(values.front());
            if (!have || !bound) return false;
            return op == Operator::gt ? *have > *bound : *have < *bound;
        }
    }
    return false;
}

bool Selector::matches(std::span<const TextPair> labels) const {
    return std::all_of(requirements.begin(), requirements.end(),
                       [&](const auto& requirement) { return requirement.matches(labels); });
}

}  // namespace airlock::webhook
