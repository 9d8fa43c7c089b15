// status and history: what is installed, and whether it is well. Change nothing; need no registry.
#pragma once

#include "base/program.hpp"
#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// The newest generation, each of its objects that is not there or not ready, and what its webhook
// does to nodes. Exit code 1 when something is not well.
base::ExitCode status_command(const Arguments& arguments, const std::stop_token& stop);
base::ExitCode history_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
