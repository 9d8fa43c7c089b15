// airlock-installer plan: shows what install would change. Changes nothing.
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode plan_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
