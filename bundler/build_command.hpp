// airlock-bundler build
#pragma once

#include "base/command_line.hpp"
#include "bundler/build_plan.hpp"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::bundler {

struct BuildArguments {
    BuildOptions build;
    base::Format format = base::Format::text;
    std::filesystem::path output;
    std::string platform;
    std::filesystem::path lock;
    bool locked = false;
    std::filesystem::path key;
    std::filesystem::path authfile;
    std::filesystem::path registry_ca;
    std::filesystem::path installer;
    std::vector<std::string> plain_http;
    std::vector<std::string> mirrors;
};

base::ExitCode build_command(BuildArguments arguments, const std::stop_token& stop);

}  // namespace airlock::bundler
