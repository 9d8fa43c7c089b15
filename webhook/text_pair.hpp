// A key and its value as views into a request: one label, annotation or resource of a Node.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace airlock::webhook {

using TextPair = std::pair<std::string_view, std::string_view>;

// The value of `key`, or nullptr. When a key is repeated the last value counts, as in the JSON
// decoders of Kubernetes.
const std::string_view* find_value(std::span<const TextPair> pairs, std::string_view key);

}  // namespace airlock::webhook
