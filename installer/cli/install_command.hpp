// airlock-installer install: plans, asks for confirmation, and installs as one transaction.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode install_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
