// plan, install and push: what brings a bundle in.
#pragma once

#include "base/program.hpp"
#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

// Says what install would change; changes nothing.
base::ExitCode plan_command(const Arguments& arguments, const std::stop_token& stop);
base::ExitCode install_command(const Arguments& arguments, const std::stop_token& stop);
// The images alone; no cluster is needed.
base::ExitCode push_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
