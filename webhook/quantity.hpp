// Short names for the quantities of kubernetes/.
#pragma once

#include "kubernetes/quantity.hpp"

namespace airlock::webhook {

using kubernetes::Int128;
using kubernetes::kNanoPerMilli;
using kubernetes::kNanoPerUnit;
using kubernetes::Quantity;

}  // namespace airlock::webhook
