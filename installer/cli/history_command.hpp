// airlock-installer history: lists the installed generations. Changes nothing; needs no registry.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode history_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
