#include "installer/cli/commands.hpp"

#include "installer/cli/arguments.hpp"
#include "installer/cli/install_command.hpp"
#include "installer/cli/resync_command.hpp"
#include "installer/cli/rollback_command.hpp"
#include "installer/cli/session.hpp"
#include "installer/cli/status_command.hpp"
#include "manifests/bundle/report.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace airlock::installer {
namespace {

using base::ExitCode;

ExitCode inspect_command(const Arguments& arguments, const std::stop_token&) {
    const auto bundle = open_bundle(arguments);
    std::cout << (arguments.json() ? base::dump_json(manifests::describe_bundle(bundle), 2) + "\n"
                                   : manifests::describe_bundle_text(bundle));
    return ExitCode::done;
}

ExitCode verify_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto bundle = open_bundle(arguments);
    bundle.verify_all(stop);
    const bool with_signature = !arguments.key.empty();
    std::cout << (arguments.json()
                      ? base::dump_json(manifests::describe_verified(bundle, with_signature), 2) +
                            "\n"
                      : manifests::describe_verified_text(bundle, with_signature));
    return ExitCode::done;
}

CLI::App* add(CLI::App& app, Command& chosen, const std::shared_ptr<Arguments>& arguments,
              const char* name, const char* words,
              std::function<ExitCode(const Arguments&, const std::stop_token&)> run) {
    auto* command = app.add_subcommand(name, words);
    command->add_option("--output", arguments->output, "text or json, on standard output")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([arguments, run, &chosen] {
        arguments->transaction.timeout = std::chrono::seconds(arguments->timeout);
        arguments->transaction.roll_back_on_failure = arguments->on_failure == "rollback";
        chosen = [arguments, run](const auto& stop) { return run(*arguments, stop); };
    });
    return command;
}

void add_file(CLI::App& command, Arguments& arguments) {
    command.add_option("file", arguments.file, "the bundle")->required();
    command.add_option("--key", arguments.key, "the public key that must have signed it");
}

void add_registry(CLI::App& command, Arguments& arguments, bool required) {
    command
        .add_option("--registry", arguments.registry,
                    "[http://]HOST[:PORT][/PREFIX] of the private registry")
        ->required(required);
    command.add_option("--registry-ca", arguments.registry_ca,
                       "certificate authority to trust besides the host's");
    command.add_option("--authfile", arguments.authfile,
                       "credentials, as docker and podman write them");
    command.add_option("--username", arguments.username, "user of the registry");
    command.add_flag("--password-stdin", arguments.password_stdin,
                     "read the password from standard input");
    command.add_option("--concurrency", arguments.transaction.concurrency, "blobs sent at a time")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
}

void add_cluster(CLI::App& command, Arguments& arguments) {
    command.add_option("--kubeconfig", arguments.kubeconfig,
                       "default: KUBECONFIG, ~/.kube/config, or the pod's service account");
    command.add_option("--context", arguments.context, "of the kubeconfig");
    command.add_option("--state-dir", arguments.transaction.state_dir, "journal and snapshot")
        ->capture_default_str();
}

// Of what changes the cluster.
void add_acting(CLI::App& command, Arguments& arguments) {
    command.add_option("--timeout", arguments.timeout, "seconds to wait for each component")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();
    command.add_flag("--yes", arguments.yes, "do not ask");
}

void add_choice(CLI::App& command, Arguments& arguments) {
    command
        .add_option("--components", arguments.components,
                    "optional components to install, by comma")
        ->delimiter(',');
    command.add_option("--set", arguments.values, "NAME=VALUE for the kit's ${NAME}");
    command.add_option("--on-failure", arguments.on_failure, "rollback or stop")
        ->check(CLI::IsMember({"rollback", "stop"}))
        ->capture_default_str();
}

}  // namespace

void add_commands(CLI::App& app, Command& chosen) {
    app.require_subcommand(1);
    const auto arguments = std::make_shared<Arguments>();
    auto& all = *arguments;
    const auto command = [&](const char* name, const char* words, auto run) -> CLI::App& {
        return *add(app, chosen, arguments, name, words, run);
    };

    auto& install = command("install", "Load the images, apply the manifests, prove that it works",
                            install_command);
    auto& plan = command("plan", "Say what install would change; change nothing", plan_command);
    for (auto* each : {&install, &plan}) {
        add_file(*each, all);
        add_registry(*each, all, true);
        add_cluster(*each, all);
        add_acting(*each, all);
        add_choice(*each, all);
    }

    auto& status = command("status", "What is installed, and whether it is well", status_command);
    auto& history = command("history", "Every generation that is installed", history_command);
    auto& resync =
        command("resync", "Let the node webhook act on every node at once", resync_command);
    for (auto* each : {&status, &history, &resync})
        add_cluster(*each, all);

    auto& rollback = command(
        "rollback", "Put everything back as it was before the newest generation", rollback_command);
    rollback.add_option("generation", all.target, "go back to this one; 0: nothing installed")
        ->check(CLI::Range(0, 1'000'000));
    add_registry(rollback, all, false);
    add_cluster(rollback, all);
    add_acting(rollback, all);

    auto& push = command("push", "Load the images alone; no cluster is needed", push_command);
    add_file(push, all);
    add_registry(push, all, true);

    add_file(command("inspect", "Say what a bundle holds", inspect_command), all);
    add_file(command("verify", "Read every byte of a bundle and check it", verify_command), all);
}

}  // namespace airlock::installer
