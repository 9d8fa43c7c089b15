#include "webhook/commands.hpp"

#include "webhook/serve_command.hpp"
#include "webhook/simulate_command.hpp"

#include <iostream>
#include <memory>

namespace airlock::webhook {
namespace {

using base::ExitCode;

void add_serve(base::CommandLine& line) {
    const auto options = std::make_shared<ServeOptions>();
    auto& command = line.command(
        {.name = "serve",
         .purpose = "Answer the API server's admission reviews until SIGTERM",
         .details =
             "Certificate, key, client CA and policy are reloaded when their files change, and on\n"
             "SIGHUP.",
         .examples = {"node-oversell-webhook serve --tls-cert tls.crt --tls-key tls.key "
                      "--policy policy.yaml"},
         .exit_codes = {ExitCode::done, ExitCode::failed}});
    command.option({.flags = "--listen",
                    .value = "ADDRESS:PORT",
                    .help = "address of the HTTPS server",
                    .fallback = options->listen},
                   options->listen);
    command.option({.flags = "--metrics-listen",
                    .value = "ADDRESS:PORT",
                    .help = "address of /metrics, plain HTTP",
                    .fallback = options->metrics_listen},
                   options->metrics_listen);
    command.option({.flags = "--tls-cert",
                    .value = "FILE",
                    .help = "certificate chain, PEM",
                    .required = true},
                   options->tls_cert);
    command.option(
        {.flags = "--tls-key", .value = "FILE", .help = "its key, PEM", .required = true},
        options->tls_key);
    command.option({.flags = "--policy", .value = "FILE", .help = "policy, YAML", .required = true},
                   options->policy);
    command.option({.flags = "--client-ca",
                    .value = "FILE",
                    .help = "CA certificates, PEM: answer reviews only to clients with a "
                            "certificate issued by one of them"},
                   options->client_ca);
    command.number({.flags = "--threads",
                    .value = "N",
                    .help = "event loops; by default one for every two processors"},
                   options->threads, 1, 64);
    command.number({.flags = "--drain-seconds",
                    .value = "SECONDS",
                    .help = "how long to keep serving after SIGTERM"},
                   options->drain_seconds, 0, 3600);
    command.number({.flags = "--grace-seconds",
                    .value = "SECONDS",
                    .help = "how long requests in progress may then take"},
                   options->grace_seconds, 0, 3600);
    command.run([options](const std::stop_token& stop) { return serve(*options, stop); });
}

void add_simulate(base::CommandLine& line) {
    const auto options = std::make_shared<SimulateOptions>();
    auto& command = line.command(
        {.name = "simulate",
         .purpose = "Show what a policy would change, on nodes read from standard input",
         .details =
             "Standard input is the output of kubectl get nodes -o json, one Node, or a saved\n"
             "AdmissionReview.",
         .examples = {"kubectl get nodes -o json | node-oversell-webhook simulate --policy "
                      "policy.yaml",
                      "kubectl get nodes -o json | node-oversell-webhook simulate --policy "
                      "policy.yaml --pods pods.json"},
         .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::unhealthy}});
    command.option({.flags = "--policy", .value = "FILE", .help = "policy, YAML", .required = true},
                   options->policy);
    command.option(
        {.flags = "--pods",
         .value = "FILE",
         .help = "output of kubectl get pods -A -o json: list the pods that would not fit; "
                 "exit with 6 if there are any"},
        options->pods);
    command.format(options->format);
    command.run(
        [options](const std::stop_token&) { return simulate(*options, std::cin, std::cout); });
}

}  // namespace

void add_commands(base::CommandLine& line) {
    add_serve(line);
    add_simulate(line);
}

}  // namespace airlock::webhook
