// Kubernetes label selectors, as a pool of the policy names its nodes: matchLabels and the six
// operators of node affinity. Pure values; reading them from YAML is policy.cpp's work.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace airlock::webhook {

using TextPair = std::pair<std::string_view, std::string_view>;

// The value of `key`, or nullptr. With a key twice the last one counts, as in every JSON reader of
// Kubernetes.
const std::string_view* find_value(std::span<const TextPair> pairs, std::string_view key);

struct Requirement {
    enum class Operator { in, not_in, exists, does_not_exist, gt, lt };

    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;  // gt and lt: one, a whole number

    // NotIn is true for a node without the key; gt and lt are false for a value that is no whole
    // number.
    bool matches(std::span<const TextPair> labels) const;
};

struct Selector {
    std::vector<Requirement> requirements;  // all must match; none matches every node

    bool matches(std::span<const TextPair> labels) const;
};

}  // namespace airlock::webhook
