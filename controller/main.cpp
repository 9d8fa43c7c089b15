// node-oversell-controller: resyncs nodes that have lost the values of node-oversell-webhook.
#include "base/program.hpp"
#include "controller/commands.hpp"

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        base::CommandLine line(
            "node-oversell-controller",
            "Restores the values of node-oversell-webhook on nodes after an outage");
        controller::add_commands(line);
        return line.run(argc, argv, stop);
    });
}
