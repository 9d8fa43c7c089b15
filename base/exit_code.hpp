// The exit codes that all programs share.
#pragma once

#include "base/error.hpp"

#include <string_view>

namespace airlock::base {

enum class ExitCode {
    done = 0,
    failed = 1,  // nothing changed
    usage = 2,
    refused = 3,              // an input was refused as a whole
    rolled_back = 4,          // failed, and everything was put back
    rollback_incomplete = 5,  // what remains was listed
    unhealthy = 6,
    changes = 10,  // nothing failed; something would change
    interrupted = 130,
};

// A few words for --help and man pages.
std::string_view meaning(ExitCode code);

// The exit code of a program that ends with `error`.
ExitCode exit_code_of(const Error& error);

}  // namespace airlock::base
