// The commands that both programs have for a bundle: inspect and verify.
#pragma once

#include "base/command_line.hpp"
#include "manifests/bundle/reader.hpp"

#include <filesystem>
#include <stop_token>

namespace airlock::manifests {

struct BundleArguments {
    std::filesystem::path file;
    std::filesystem::path key;  // public key, PEM; empty: the signature is not checked
};

// Adds BUNDLE and --key.
void add_bundle_arguments(base::Command& command, BundleArguments& arguments);
// Checks the signature when a key was given.
Bundle open_bundle(const BundleArguments& arguments);

// Defines `inspect` and `verify`. `program` is for the examples.
void add_bundle_commands(base::CommandLine& line, std::string_view program);

}  // namespace airlock::manifests
