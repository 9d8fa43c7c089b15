#include "installer/cli/session.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "installer/record/cluster_state.hpp"

#include <iostream>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;

constexpr std::size_t kMaxPem = 1024 * 1024;

}  // namespace

std::unique_ptr<kubernetes::Client> connect(const Arguments& arguments,
                                            const std::stop_token& stop) {
    return std::make_unique<kubernetes::Client>(
        kubernetes::Kubeconfig::load(
            arguments.kubeconfig.empty() ? std::nullopt : std::optional(arguments.kubeconfig),
            arguments.context),
        stop);
}

TransactionOptions transaction_options(const Arguments& arguments, kubernetes::Client& cluster) {
    auto options = arguments.transaction;
    options.cluster = cluster_uid(cluster);
    options.state_dir = cluster_state_dir(arguments.state_dir, options.cluster);
    return options;
}

RegistrySession::RegistrySession(const Arguments& arguments, RegistryPlace place,
                                 std::stop_token stop)
    : place_(std::move(place)) {
    images::RegistryOptions options;
    if (!arguments.registry_ca.empty()) {
        options.trust = base::TrustStore::with_host(base::read_file(arguments.registry_ca, kMaxPem),
                                                    arguments.registry_ca.string());
    }
    options.plain_http = place_.plain_http;
    options.hints = {
        .unknown_authority =
            "use --registry-ca FILE to name the certificate authority that signed it",
        .no_tls = "check the port; for a registry without TLS use --registry http://HOST"};
    options.credentials = images::CredentialStore::load(
        arguments.authfile.empty() ? std::nullopt : std::optional(arguments.authfile));
    options.credentials.set_hint("use --username and --password-stdin, or --authfile FILE");
    if (arguments.username.empty() == arguments.password_stdin) {
        throw Error(Errc::usage, "--username and --password-stdin must be used together")
            .set_hint("for example --username NAME --password-stdin < FILE");
    }
    if (arguments.password_stdin) {
        std::string password;
        std::getline(std::cin, password);
        options.credentials.set(
            place_.host,
            {.username = arguments.username, .password = password, .identity_token = {}});
    }
    credentials_ = options.credentials.find(place_.host, place_.prefix);
    client_ =
        std::make_unique<images::RegistryClient>(place_.host, std::move(options), std::move(stop));
}

}  // namespace airlock::installer
