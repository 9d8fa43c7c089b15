// The options of all commands of the installer, and what is parsed from them. Pure, except
// confirm().
#pragma once

#include "base/command_line.hpp"
#include "installer/transaction/transaction.hpp"
#include "manifests/bundle/bundle_commands.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::installer {

struct Arguments {
    manifests::BundleArguments bundle;
    std::string registry;
    std::filesystem::path registry_ca;
    std::filesystem::path authfile;
    std::string username;
    bool password_stdin = false;
    std::filesystem::path kubeconfig;
    std::string context;
    std::vector<std::string> components;
    std::vector<std::string> values;
    std::filesystem::path state_dir = "/var/lib/airlock";  // of all clusters
    TransactionOptions transaction;
    int timeout = 300;  // seconds
    std::string on_failure = "rollback";
    bool yes = false;
    base::Format format = base::Format::text;
    std::optional<int> target;

    bool json() const { return format == base::Format::json; }
};

struct RegistryPlace {
    std::string host;  // host[:port]
    std::string prefix;
    bool plain_http = false;
};

// [http://]HOST[:PORT][/PREFIX]; Errc::usage for anything else.
RegistryPlace parse_registry(std::string text);

// A list of NAME=VALUE; Errc::usage for anything else.
manifests::Values parse_values(const std::vector<std::string>& texts);

// Prompts on the terminal unless --yes. Errc::usage when stdin is not a terminal, Errc::cancelled
// for any answer but yes and on a request to stop.
void confirm(const Arguments& arguments, const std::string& question, const std::stop_token& stop);

}  // namespace airlock::installer
