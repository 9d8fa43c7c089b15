// node-oversell-controller: keeps the values of node-oversell-webhook in force.
#include "controller/commands.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        CLI::App app("Resyncs nodes that have lost the values of node-oversell-webhook",
                     "node-oversell-controller");
        base::add_common_options(app);
        controller::Command chosen;
        controller::add_commands(app, chosen);
        if (const auto ended = base::parse_command_line(app, argc, argv)) return *ended;
        return chosen(stop);
    });
}
