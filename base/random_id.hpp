// Names that no other run has chosen.
#pragma once

#include <string>

namespace airlock::base {

// 16 hex digits. Unique, not secret.
std::string random_id();

}  // namespace airlock::base
