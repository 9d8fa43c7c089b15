// The webhook's arithmetic is on quantities: base's, by their short names.
#pragma once

#include "kubernetes/quantity.hpp"

namespace airlock::webhook {

using kubernetes::Int128;
using kubernetes::kNanoPerMilli;
using kubernetes::kNanoPerUnit;
using kubernetes::Quantity;

}  // namespace airlock::webhook
