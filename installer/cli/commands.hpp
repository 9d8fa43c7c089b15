// The command line of airlock-installer.
#pragma once

#include "base/command_line.hpp"

namespace airlock::installer {

void add_commands(base::CommandLine& line);

}  // namespace airlock::installer
