// Maps the bytes of a scalar's value back to the bytes of its source text. Works for all five
// scalar styles, by reading the text and the value in parallel and comparing every character; it
// never guesses.
#pragma once

#include "base/yaml.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace airlock::manifests {

inline constexpr std::size_t kNoSource = static_cast<std::size_t>(-1);

// For each byte of node.value, its offset in `text`, or kNoSource where the byte is white space or
// was written as an escape. Nothing when text and value do not match. REQUIRES: node is a scalar of
// a tree parsed from `text`.
std::optional<std::vector<std::size_t>> scalar_source(std::string_view text,
                                                      const base::YamlNode& node);

}  // namespace airlock::manifests
