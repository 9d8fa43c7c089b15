// airlock-installer: the program of the intranet side.
#include "installer/cli/commands.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    using namespace airlock;
    return base::run_program([&](const std::stop_token& stop) {
        CLI::App app(
            "Installs a bundle into an isolated Kubernetes cluster, and takes it out again",
            "airlock-installer");
        base::add_common_options(app);
        installer::Command chosen;
        installer::add_commands(app, chosen);
        if (const auto ended = base::parse_command_line(app, argc, argv)) return *ended;
        return chosen(stop);
    });
}
