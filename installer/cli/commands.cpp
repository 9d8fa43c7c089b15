#include "installer/cli/commands.hpp"

#include "installer/cli/history_command.hpp"
#include "installer/cli/install_command.hpp"
#include "installer/cli/plan_command.hpp"
#include "installer/cli/push_command.hpp"
#include "installer/cli/resync_command.hpp"
#include "installer/cli/rollback_command.hpp"
#include "installer/cli/status_command.hpp"

#include <memory>
#include <utility>

namespace airlock::installer {
namespace {

using base::Command;
using base::CommandLine;
using base::ExitCode;

void add_registry(Command& command, Arguments& arguments, bool required) {
    command.group("Registry");
    command.option({.flags = "--registry",
                    .value = "[http://]HOST[:PORT][/PREFIX]",
                    .help = "the private registry",
                    .required = required},
                   arguments.registry);
    command.option({.flags = "--registry-ca",
                    .value = "FILE",
                    .help = "additional certificate authority (PEM) to trust"},
                   arguments.registry_ca);
    command.option(
        {.flags = "--authfile",
         .value = "FILE",
         .help = "registry credentials file, as written by docker login or podman login"},
        arguments.authfile);
    command.option({.flags = "--username", .value = "NAME", .help = "registry user"},
                   arguments.username);
    command.flag(
        {.flags = "--password-stdin", .help = "read the registry password from standard input"},
        arguments.password_stdin);
    command.number({.flags = "--concurrency", .value = "N", .help = "blobs to push in parallel"},
                   arguments.transaction.concurrency, 1, 64);
}

void add_cluster(Command& command, Arguments& arguments) {
    command.group("Cluster");
    command.option({.flags = "--kubeconfig",
                    .value = "FILE",
                    .help = "kubeconfig file",
                    .fallback = "$KUBECONFIG, ~/.kube/config, the pod's service account"},
                   arguments.kubeconfig);
    command.option({.flags = "--context", .value = "NAME", .help = "context of the kubeconfig"},
                   arguments.context);
    command.option({.flags = "--state-dir",
                    .value = "DIRECTORY",
                    .help = "directory of the journal and the snapshot",
                    .fallback = arguments.state_dir.string()},
                   arguments.state_dir);
}

// For commands that change the cluster.
void add_execution(Command& command, Arguments& arguments) {
    command.group("Execution");
    command.number(
        {.flags = "--timeout", .value = "SECONDS", .help = "seconds to wait for each component"},
        arguments.timeout, 1, 86400);
    command.option({.flags = "--ignore-unmanaged",
                    .value = "KIND/NAME",
                    .help = "remove a namespace or CRD despite this unmanaged object; NAME may "
                            "contain one *; may be repeated"},
                   arguments.ignore_unmanaged);
    command.flag({.flags = "--yes", .help = "do not ask for confirmation"}, arguments.yes);
}

void add_undo(Command& command, Arguments& arguments) {
    add_registry(command, arguments, false);
    add_cluster(command, arguments);
    add_execution(command, arguments);
    command.flag({.flags = "--force",
                  .help = "also restore objects that others have edited or deleted since"},
                 arguments.force);
}

void add_selection(Command& command, Arguments& arguments) {
    command.group("Selection");
    command.option({.flags = "--components",
                    .value = "NAME,...",
                    .help = "optional components to install, comma-separated"},
                   arguments.components, true);
    command.option({.flags = "--set",
                    .value = "NAME=VALUE",
                    .help = "value for ${NAME} in the bundle's manifests; may be repeated"},
                   arguments.values);
}

class Commands {
  public:
    explicit Commands(CommandLine& line) : line_(line), arguments_(std::make_shared<Arguments>()) {}

    template <typename Define>
    void add(base::CommandDoc doc, ExitCode (*run)(const Arguments&, const std::stop_token&),
             Define&& define) {
        auto& command = line_.command(std::move(doc));
        define(command, *arguments_);
        command.group("Options");
        command.format(arguments_->format);
        command.run([arguments = arguments_, run](const std::stop_token& stop) {
            arguments->transaction.timeout = std::chrono::seconds(arguments->timeout);
            arguments->transaction.roll_back_on_failure = arguments->on_failure == "rollback";
            return run(*arguments, stop);
        });
    }

  private:
    CommandLine& line_;
    std::shared_ptr<Arguments> arguments_;  // of the one command that runs
};

}  // namespace

void add_commands(CommandLine& line) {
    using enum ExitCode;
    Commands commands(line);
    commands.add(
        {.name = "install",
         .purpose = "Push the images, apply the manifests and verify that the service works",
         .details =
             "Nothing changes before a snapshot is recorded. A failed install is rolled back; an\n"
             "interrupted one continues when the same command is run again.",
         .examples =
             {"airlock-installer install kit.tar --registry harbor.corp/airlock --registry-ca "
              "ca.crt",
              "airlock-installer install kit.tar --key airlock.pub --registry registry:5000 "
              "--components cert-manager --set CPU_RATIO=3.0 --yes"},
         .exit_codes = {done, failed, refused, rolled_back, rollback_incomplete}},
        install_command, [](Command& command, Arguments& arguments) {
            manifests::add_bundle_arguments(command, arguments.bundle);
            add_registry(command, arguments, true);
            add_cluster(command, arguments);
            add_selection(command, arguments);
            add_execution(command, arguments);
            command.option({.flags = "--on-failure",
                            .value = "ACTION",
                            .help = "what to do when the install fails",
                            .choices = {"rollback", "stop"},
                            .fallback = "rollback"},
                           arguments.on_failure);
        });
    commands.add({.name = "plan",
                  .purpose = "Show what install would change, without changing anything",
                  .examples = {"airlock-installer plan kit.tar --registry harbor.corp/airlock"},
                  .exit_codes = {done, failed, refused, changes}},
                 plan_command, [](Command& command, Arguments& arguments) {
                     manifests::add_bundle_arguments(command, arguments.bundle);
                     add_registry(command, arguments, true);
                     add_cluster(command, arguments);
                     add_selection(command, arguments);
                 });
    commands.add(
        {.name = "status",
         .purpose = "Show what is installed and whether it is healthy",
         .examples = {"airlock-installer status", "airlock-installer status --format json"},
         .exit_codes = {done, failed, unhealthy}},
        status_command, add_cluster);
    commands.add({.name = "history",
                  .purpose = "List the installed generations",
                  .examples = {"airlock-installer history"},
                  .exit_codes = {done, failed}},
                 history_command, add_cluster);
    commands.add(
        {.name = "resync",
         .purpose = "Make the installed node webhook act on every node immediately",
         .details = "Sends an empty status patch to each node, so that a changed policy applies\n"
                    "immediately instead of at the kubelet's next report (up to 5 minutes).",
         .examples = {"airlock-installer resync"},
         .exit_codes = {done, failed}},
        resync_command, add_cluster);
    commands.add(
        {.name = "rollback",
         .purpose = "Restore the cluster and the registry to an earlier generation",
         .details =
             "Without GENERATION, undoes the newest one, or the install that was interrupted.\n"
             "`rollback 0` is `uninstall`.",
         .examples = {"airlock-installer rollback --registry-ca ca.crt",
                      "airlock-installer rollback 0 --yes"},
         .exit_codes = {done, failed, rollback_incomplete}},
        rollback_command, [](Command& command, Arguments& arguments) {
            command.number_argument({.flags = "GENERATION",
                                     .help = "generation to roll back to; 0 uninstalls completely"},
                                    arguments.target, 0, 1'000'000);
            add_undo(command, arguments);
        });
    commands.add({.name = "uninstall",
                  .purpose = "Restore the cluster and the registry to before the first install",
                  .examples = {"airlock-installer uninstall --registry-ca ca.crt --yes"},
                  .exit_codes = {done, failed, rollback_incomplete}},
                 uninstall_command, add_undo);
    commands.add(
        {.name = "push",
         .purpose = "Push the images only; needs no cluster",
         .details = "Images that were sent before a failure stay; run it again to send the rest.",
         .examples = {"airlock-installer push kit.tar --registry harbor.corp/airlock"},
         .exit_codes = {done, failed, refused}},
        push_command, [](Command& command, Arguments& arguments) {
            manifests::add_bundle_arguments(command, arguments.bundle);
            add_registry(command, arguments, true);
        });
    manifests::add_bundle_commands(line, "airlock-installer");
}

}  // namespace airlock::installer
