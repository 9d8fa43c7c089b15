// Which values Kubernetes accepts for a resource of a node, and which resources can be oversold.
#pragma once

#include "webhook/quantity.hpp"

#include <string_view>

namespace airlock::webhook {

// Whether the API server accepts `value` for `resource` in a node's allocatable:
// ValidateNodeResources and ValidateResourceQuantityValue of pkg/apis/core/validation.
bool is_valid_allocatable(std::string_view resource, const Quantity& value);

// False for resources that pods cannot share: huge pages, attachable volumes.
bool is_oversellable(std::string_view resource);

}  // namespace airlock::webhook
