// Finds image references among the words of a text: an argument, the value of a variable, JSON or
// YAML in a string. manifests/image_fields.hpp lists the rules. Independent of YAML and Kubernetes
// objects.
#pragma once

#include "images/reference.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

struct ReferenceWord {
    std::size_t begin = 0;  // in the text, in bytes
    std::size_t length = 0;
    images::Reference reference;
};

// In order, without overlaps, in linear time.
std::vector<ReferenceWord> find_reference_words(std::string_view text,
                                                const std::set<std::string>& known);

}  // namespace airlock::manifests
