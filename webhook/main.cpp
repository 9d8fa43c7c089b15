// node-oversell-webhook: raises the allocatable of nodes as their heartbeats pass the API server.
#include "base/program.hpp"
#include "webhook/commands.hpp"
#include "webhook/serve_command.hpp"

int main(int argc, char** argv) {
    using namespace airlock;
    webhook::block_reload_signal();
    return base::run_program([&](const std::stop_token& stop) {
        base::CommandLine line("node-oversell-webhook",
                               "Mutating admission webhook that oversells nodes");
        webhook::add_commands(line);
        return line.run(argc, argv, stop);
    });
}
