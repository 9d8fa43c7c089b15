// airlock-installer plan and install.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// Shows what install would change; changes nothing.
base::ExitCode plan_command(const Arguments& arguments, const std::stop_token& stop);
base::ExitCode install_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
