// The webhook's arithmetic is on quantities: base's, by their short names.
#pragma once

#include "base/quantity.hpp"

namespace airlock::webhook {

using base::Int128;
using base::kNanoPerMilli;
using base::kNanoPerUnit;
using base::Quantity;

}  // namespace airlock::webhook
