// The command line of airlock-bundler.
#pragma once

#include "base/command_line.hpp"

namespace airlock::bundler {

void add_commands(base::CommandLine& line);

}  // namespace airlock::bundler
