// airlock-installer: the program that runs in the air-gapped network.
#include "base/program.hpp"
#include "installer/cli/commands.hpp"

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        base::CommandLine line(
            "airlock-installer",
            "Installs bundles into air-gapped Kubernetes clusters and uninstalls them");
        installer::add_commands(line);
        return line.run(argc, argv, stop);
    });
}
