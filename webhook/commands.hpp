// The command line of node-oversell-webhook.
#pragma once

#include "base/command_line.hpp"

namespace airlock::webhook {

void add_commands(base::CommandLine& line);

}  // namespace airlock::webhook
