// The commands of airlock-installer and their options; the only file that knows all commands.
#pragma once

#include "base/command_line.hpp"

namespace airlock::installer {

void add_commands(base::CommandLine& line);

}  // namespace airlock::installer
