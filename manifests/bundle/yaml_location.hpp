// Locations for the errors of parsers that know nothing of YAML.
#pragma once

#include "base/error.hpp"
#include "base/yaml_fields.hpp"

namespace airlock::manifests {

// The result of `parse`; an Error that it throws is reported at `node`.
template <typename Parse>
auto at_node(const base::YamlFields& fields, const base::YamlNode& node, Parse&& parse) {
    try {
        return parse();
    } catch (const base::Error& error) {
        fields.refuse(node, error.message(), error.hint());
    }
}

}  // namespace airlock::manifests
