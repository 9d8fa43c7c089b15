// rollback: puts everything back as it was before a generation.
#pragma once

#include "base/program.hpp"
#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
