// airlock-installer push: the images alone; no cluster is needed.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode push_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
