// node-oversell-webhook: raises what nodes offer to the scheduler as their heartbeats pass the API
// server.
#include "base/program.hpp"
#include "webhook/serve_command.hpp"
#include "webhook/simulate_command.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char** argv) {
    namespace base = airlock::base;
    namespace webhook = airlock::webhook;
    webhook::block_reload_signal();
    return base::run_program([&](const std::stop_token& stop) {
        CLI::App app("Mutating admission webhook that oversells nodes", "node-oversell-webhook");
        app.require_subcommand(1);
        base::add_common_options(app);
        webhook::ServeOptions serve;
        webhook::SimulateOptions simulate;
        webhook::add_serve_command(app, serve);
        const auto* simulating = webhook::add_simulate_command(app, simulate);
        if (const auto code = base::parse_command_line(app, argc, argv)) return *code;
        if (simulating->parsed()) return webhook::simulate(simulate, std::cin, std::cout);
        return webhook::serve(serve, stop);
    });
}
