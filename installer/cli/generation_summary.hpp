// One generation on one line, as status and history show it.
#pragma once

#include "base/json.hpp"
#include "installer/record/generation.hpp"

#include <string>

namespace airlock::installer {

base::Json summary_json(const Generation& generation);
std::string summary_text(const Generation& generation);  // ends with a newline

}  // namespace airlock::installer
