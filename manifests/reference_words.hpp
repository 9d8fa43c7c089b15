// Image references among the words of a text: an argument, a variable's value, JSON or YAML inside
// a string. What counts as one is written in manifests/image_fields.hpp. Knows nothing of YAML or
// Kubernetes objects.
#pragma once

#include "images/reference.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

struct ReferenceWord {
    std::size_t begin = 0;  // bytes in the text
    std::size_t length = 0;
    images::Reference reference;
};

// In order, none overlapping; time grows with the length of the text alone.
std::vector<ReferenceWord> find_reference_words(std::string_view text,
                                                const std::set<std::string>& known);

}  // namespace airlock::manifests
