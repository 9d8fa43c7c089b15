// airlock-installer rollback: undoes generations, newest first. Never starts without confirmation.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
