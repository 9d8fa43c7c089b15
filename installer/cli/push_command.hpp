// airlock-installer push: pushes the images only. Needs no cluster.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode push_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
