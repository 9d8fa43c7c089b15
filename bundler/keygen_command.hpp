// airlock-bundler keygen
#pragma once

#include "base/command_line.hpp"

#include <filesystem>

namespace airlock::bundler {

struct KeygenArguments {
    std::filesystem::path name = "airlock";
    base::Format format = base::Format::text;
};

// Writes NAME.key and NAME.pub. Errc::usage when one of them exists.
base::ExitCode keygen_command(const KeygenArguments& arguments);

}  // namespace airlock::bundler
