#include "controller/commands.hpp"

#include "controller/node_resync.hpp"
#include "kubernetes/client.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace airlock::controller {
namespace {

using base::ExitCode;

struct RunOptions {
    std::filesystem::path kubeconfig;
    std::string context;
    std::string state_annotation = "node-oversell/state";
};

ExitCode run(const RunOptions& options, const std::stop_token& stop) {
    kubernetes::Client client(
        kubernetes::Kubeconfig::load(
            options.kubeconfig.empty() ? std::nullopt : std::optional(options.kubeconfig),
            options.context),
        stop, kubernetes::kControllerManager);
    client.server_version();
    NodeResync(client, options.state_annotation).run(stop);
    return ExitCode::done;
}

}  // namespace

void add_commands(base::CommandLine& line) {
    const auto options = std::make_shared<RunOptions>();
    auto& command = line.command(
        {.name = "run",
         .purpose = "Watch the nodes and resync those that have lost the webhook's values",
         .details =
             "Sends an empty status patch to each node whose allocatable differs from what the\n"
             "webhook recorded, so that the webhook acts on it. Runs until SIGTERM.",
         .examples = {"node-oversell-controller run",
                      "node-oversell-controller run --kubeconfig admin.conf"},
         .exit_codes = {ExitCode::done, ExitCode::failed}});
    command.option({.flags = "--kubeconfig",
                    .value = "FILE",
                    .help = "kubeconfig file",
                    .fallback = "$KUBECONFIG, ~/.kube/config, the pod's service account"},
                   options->kubeconfig);
    command.option({.flags = "--context", .value = "NAME", .help = "context of the kubeconfig"},
                   options->context);
    command.option({.flags = "--state-annotation",
                    .value = "NAME",
                    .help = "node annotation in which the webhook records its values",
                    .fallback = "node-oversell/state"},
                   options->state_annotation);
    command.run([options](const std::stop_token& stop) { return run(*options, stop); });
}

}  // namespace airlock::controller
