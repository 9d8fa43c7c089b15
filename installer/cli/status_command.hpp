// airlock-installer status: what is installed, and whether it is healthy. Changes nothing; needs no
// registry.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// The newest generation, each of its objects that is absent or not ready, and what its webhook does
// to nodes. ExitCode::unhealthy when an object is not ready or something is unfinished.
base::ExitCode status_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
