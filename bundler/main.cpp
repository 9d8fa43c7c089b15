// airlock-bundler: the program that runs where there is internet access.
#include "base/program.hpp"
#include "bundler/commands.hpp"

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        base::CommandLine line(
            "airlock-bundler",
            "Packs images, manifests and the installer for an air-gapped cluster");
        bundler::add_commands(line);
        return line.run(argc, argv, stop);
    });
}
