// airlock-bundler: the program of the internet side.
#include "bundler/commands.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        CLI::App app("Packs container images, Kubernetes manifests and the installer into one file",
                     "airlock-bundler");
        base::add_common_options(app);
        bundler::Command chosen;
        bundler::add_commands(app, chosen);
        if (const auto ended = base::parse_command_line(app, argc, argv)) return *ended;
        return chosen(stop);
    });
}
