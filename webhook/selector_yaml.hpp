// Reads a label selector as Kubernetes writes it: matchLabels and matchExpressions.
#pragma once

#include "webhook/selector.hpp"
#include "webhook/yaml_reader.hpp"

namespace airlock::webhook {

// Problems go to `reader`.
Selector read_selector(const base::YamlNode& node, YamlReader& reader);

}  // namespace airlock::webhook
