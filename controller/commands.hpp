// The commands of node-oversell-controller and their options.
#pragma once

#include "base/command_line.hpp"

namespace airlock::controller {

void add_commands(base::CommandLine& line);

}  // namespace airlock::controller
