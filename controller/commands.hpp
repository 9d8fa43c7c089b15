// The commands of node-oversell-controller: run.
#pragma once

#include "base/program.hpp"

#include <functional>
#include <stop_token>

namespace CLI {
class App;
}

namespace airlock::controller {

using Command = std::function<base::ExitCode(const std::stop_token&)>;

void add_commands(CLI::App& app, Command& chosen);

}  // namespace airlock::controller
