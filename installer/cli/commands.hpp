// The sub-commands of airlock-installer: install, plan, status, history, resync, rollback, push,
// inspect, verify.
#pragma once

#include "base/program.hpp"

#include <functional>
#include <stop_token>

namespace CLI {
class App;
}

namespace airlock::installer {

using Command = std::function<base::ExitCode(const std::stop_token&)>;

void add_commands(CLI::App& app, Command& chosen);

}  // namespace airlock::installer
