// Kubernetes label selectors, by which a pool of the policy selects its nodes: matchLabels and the
// six operators of node affinity.
#pragma once

#include "webhook/text_pair.hpp"

#include <span>
#include <string>
#include <vector>

namespace airlock::webhook {

struct Requirement {
    enum class Operator { in, not_in, exists, does_not_exist, gt, lt };

    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;  // gt and lt: one, an integer

    // not_in is true for a node without the key; gt and lt are false for a value that is not an
    // integer.
    bool matches(std::span<const TextPair> labels) const;
};

struct Selector {
    std::vector<Requirement> requirements;  // all must match; none matches every node

    bool matches(std::span<const TextPair> labels) const;
};

}  // namespace airlock::webhook
