// The annotation in which a node webhook records the values of a node, as far as other programs
// must understand it (docs/bundle-yaml.md, "nodes"): {"resources": {NAME: {"applied": QUANTITY}}}, or
// a list of quantities, of which the first counts. Pure.
#pragma once

#include "base/json.hpp"
#include "kubernetes/object_key.hpp"

#include <string>

namespace airlock::kubernetes {

ObjectKey node_key(const std::string& name);

// Whether the node's allocatable differs from what `annotation` records as applied. A node whose
// annotation is absent, empty or unreadable is never stale.
bool is_stale(const base::Json& node, const std::string& annotation);

}  // namespace airlock::kubernetes
