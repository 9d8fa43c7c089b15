// The sub-commands of airlock-bundler: build, inspect, verify, keygen.
#pragma once

#include "base/program.hpp"

#include <functional>
#include <stop_token>

namespace CLI {
class App;
}

namespace airlock::bundler {

using Command = std::function<base::ExitCode(const std::stop_token&)>;

// Adds them to `app`; the chosen one is put into `chosen` when the command line has been parsed.
void add_commands(CLI::App& app, Command& chosen);

}  // namespace airlock::bundler
