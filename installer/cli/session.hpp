// Clients for the cluster and the registry, from the arguments of a command.
#pragma once

#include "images/registry.hpp"
#include "installer/cli/arguments.hpp"
#include "kubernetes/client.hpp"
#include "manifests/bundle/reader.hpp"

#include <memory>
#include <optional>
#include <stop_token>

namespace airlock::installer {

// Does not connect yet.
std::unique_ptr<kubernetes::Client> connect(const Arguments& arguments,
                                            const std::stop_token& stop);

// The options of a transaction in this cluster, with its own directory below --state-dir.
TransactionOptions transaction_options(const Arguments& arguments, kubernetes::Client& cluster);

// The private registry and its credentials. Reads the password from stdin with --password-stdin;
// does not connect yet.
class RegistrySession {
  public:
    RegistrySession(const Arguments& arguments, RegistryPlace place, std::stop_token stop);

    images::RegistryClient& client() { return *client_; }
    const RegistryPlace& place() const { return place_; }
    const std::optional<images::Credentials>& credentials() const { return credentials_; }

  private:
    RegistryPlace place_;
    std::optional<images::Credentials> credentials_;
    std::unique_ptr<images::RegistryClient> client_;
};

}  // namespace airlock::installer
