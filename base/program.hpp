// What every program's main() shares: signals, and the last word about an error.
#pragma once

#include "base/error.hpp"
#include "base/exit_code.hpp"

#include <functional>
#include <stop_token>

namespace airlock::base {

// The error and its hint on stderr, as log lines.
void report(const Error& error);

// Runs `body` with a token that SIGINT and SIGTERM request; a second signal ends the process at
// once. An Error that leaves `body` is reported and becomes an exit code. SIGPIPE is ignored.
int run_program(const std::function<ExitCode(const std::stop_token&)>& body);

}  // namespace airlock::base
