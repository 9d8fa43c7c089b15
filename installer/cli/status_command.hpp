// airlock-installer status: what is installed, and whether it is healthy. Changes nothing; needs no
// registry.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// Prints the newest generation, installed objects that are absent or not ready, and changed
// allocatable of nodes. ExitCode::unhealthy when an object is not ready or a run is unfinished.
base::ExitCode status_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
