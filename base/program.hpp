// What every program's main() shares: exit codes, signals, and the last word about an error.
#pragma once

#include "base/error.hpp"

#include <functional>
#include <stop_token>

namespace CLI {
class App;
}

namespace airlock::base {

enum class ExitCode {
    done = 0,
    failed = 1,  // nothing changed
    usage = 2,
    refused = 3,              // an input was refused as a whole
    rolled_back = 4,          // failed, and everything was put back
    rollback_incomplete = 5,  // what remains was listed
    interrupted = 130,
};

ExitCode exit_code_of(const Error& error);

// The error and its hint on stderr, as log lines.
void report(const Error& error);

// Runs `body` with a token that SIGINT and SIGTERM request; a second signal ends the process at
// once. An Error that leaves `body` is reported and becomes an exit code. SIGPIPE is ignored.
int run_program(const std::function<ExitCode(std::stop_token)>& body);

// Adds --log-level and --log-format to `app`, and --version; logging is set up when they are
// parsed.
void add_common_options(CLI::App& app);

// Parses, prints --help and --version itself. Returns the exit code when the program is to end.
std::optional<ExitCode> parse_command_line(CLI::App& app, int argc, const char* const* argv);

}  // namespace airlock::base
