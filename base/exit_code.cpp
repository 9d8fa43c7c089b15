#include "base/exit_code.hpp"

namespace airlock::base {

std::string_view meaning(ExitCode code) {
    switch (code) {
        case ExitCode::done:
            return "done";
        case ExitCode::failed:
            return "failed, nothing changed";
        case ExitCode::usage:
            return "wrong usage";
        case ExitCode::refused:
            return "the input was refused: missing, damaged, changed, or not signed as required";
        case ExitCode::rolled_back:
            return "failed, and everything was rolled back";
        case ExitCode::rollback_incomplete:
            return "rollback incomplete: what remains is listed, with the command for each";
        case ExitCode::unhealthy:
            return "unhealthy";
        case ExitCode::changes:
            return "something would change";
        case ExitCode::interrupted:
            return "interrupted";
    }
    return "";
}

ExitCode exit_code_of(const Error& error) {
    switch (error.code()) {
        case Errc::usage:
            return ExitCode::usage;
        case Errc::refused:
            return ExitCode::refused;
        case Errc::cancelled:
            return ExitCode::interrupted;
        default:
            return ExitCode::failed;
    }
}

}  // namespace airlock::base
