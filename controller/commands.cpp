#include "controller/commands.hpp"

#include "controller/node_resync.hpp"
#include "kubernetes/client.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace airlock::controller {
namespace {

struct RunOptions {
    std::filesystem::path kubeconfig;
    std::string context;
    std::string state_annotation = "node-oversell/state";
};

base::ExitCode run(const RunOptions& options, const std::stop_token& stop) {
    kubernetes::Client client(
        kubernetes::Kubeconfig::load(
            options.kubeconfig.empty() ? std::nullopt : std::optional(options.kubeconfig),
            options.context),
        stop);
    client.server_version();
    NodeResync(client, options.state_annotation).run(stop);
    return base::ExitCode::done;
}

}  // namespace

void add_commands(CLI::App& app, Command& chosen) {
    app.require_subcommand(1);
    const auto options = std::make_shared<RunOptions>();
    auto* command = app.add_subcommand("run", "Watch the nodes and resync those that need it");
    command->add_option("--kubeconfig", options->kubeconfig,
                        "default: KUBECONFIG, ~/.kube/config, or the pod's service account");
    command->add_option("--context", options->context, "context of the kubeconfig");
    command
        ->add_option("--state-annotation", options->state_annotation,
                     "annotation in which the webhook records a node's values")
        ->capture_default_str();
    command->callback([options, &chosen] {
        chosen = [options](const std::stop_token& stop) { return run(*options, stop); };
    });
}

}  // namespace airlock::controller
