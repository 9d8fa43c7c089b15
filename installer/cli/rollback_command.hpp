// airlock-installer rollback and uninstall: undo generations, newest first. They never start without
// confirmation.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop);
// Undoes all generations.
base::ExitCode uninstall_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
