// What Kubernetes lets a node say of a resource, and which resources may be oversold at all.
#pragma once

#include "webhook/quantity.hpp"

#include <string_view>

namespace airlock::webhook {

// True when the API server accepts `value` for `resource` in a node's allocatable:
// ValidateNodeResources and ValidateResourceQuantityValue of pkg/apis/core/validation.
bool is_valid_allocatable(std::string_view resource, const Quantity& value);

// False for what cannot be shared by promising it twice: huge pages, attachable volumes.
bool is_oversellable(std::string_view resource);

}  // namespace airlock::webhook
