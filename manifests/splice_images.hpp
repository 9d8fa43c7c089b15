// Replaces image references in the text of a document; every other byte stays unchanged.
#pragma once

#include "manifests/document.hpp"
#include "manifests/image_fields.hpp"

#include <map>
#include <string>
#include <vector>

namespace airlock::manifests {

// The text of `document` with each field's reference replaced by
// replacement.at(field.reference.text()). Errc::not_found, naming file, line and field, when there
// is no replacement; Errc::unsupported for a replacement that YAML may not read as a string (an
// IPv6 address in brackets); Errc::internal when a field does not belong to the document.
std::string splice_images(const Document& document, const std::vector<ImageField>& fields,
                          const std::map<std::string, std::string>& replacement);

}  // namespace airlock::manifests
