#include "controller/commands.hpp"

#include "base/error.hpp"
#include "controller/leader_election.hpp"
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
    ResyncOptions resync{.annotation = "node-oversell/state"};
    std::string lease;
};

LeaseOptions lease_of(const std::string& text) {
    try {
        return {.lease = kubernetes::NamespacedName::parse(text), .identity = new_identity()};
    } catch (base::Error& error) {
        error.set_code(base::Errc::usage).add_context("--leader-election");
        throw;
    }
}

ExitCode run(const RunOptions& options, const std::stop_token& stop) {
    kubernetes::Client client(
        kubernetes::Kubeconfig::load(
            options.kubeconfig.empty() ? std::nullopt : std::optional(options.kubeconfig),
            options.context),
        stop, kubernetes::kControllerManager);
    const auto resync = [&](const std::stop_token& stopped) {
        NodeResync(client, options.resync).run(stopped);
    };
    if (options.lease.empty()) {
        client.server_version();
        resync(stop);
    } else {
        LeaderElection(client, lease_of(options.lease)).run(stop, resync);
    }
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
                      "node-oversell-controller run --leader-election kube-system/oversell",
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
                   options->resync.annotation);
    command.number(
        {.flags = "--qps", .value = "N", .help = "patches per second when many nodes are stale"},
        options->resync.qps, 1, 10'000);
    command.option({.flags = "--leader-election",
                    .value = "NAMESPACE/NAME",
                    .help = "act only while holding this Lease; for several replicas"},
                   options->lease);
    command.run([options](const std::stop_token& stop) { return run(*options, stop); });
}

}  // namespace airlock::controller
