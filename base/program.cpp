#include "base/program.hpp"

#include "base/log.hpp"
#include "base/version.hpp"

#include <CLI/CLI.hpp>

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <thread>

namespace airlock::base {

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

void report(const Error& error) {
    log_error("{}", error.what());
    if (!error.hint().empty()) log_error("what to do: {}", error.hint());
}

namespace {

// Signals are taken by a thread of their own: no handler, so nothing is restricted to
// async-signal-safe calls.
class SignalThread {
  public:
    SignalThread() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGINT);
        sigaddset(&set_, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
        thread_ = std::jthread([this](const std::stop_token& end) { wait(end); });
    }

    // Wakes the thread with a signal of its own: waiting for it with a timeout would hold up the
    // end of every command by that.
    ~SignalThread() {
        thread_.request_stop();
        pthread_kill(thread_.native_handle(), SIGTERM);
    }
    SignalThread(const SignalThread&) = delete;
    SignalThread& operator=(const SignalThread&) = delete;

    std::stop_token token() const { return source_.get_token(); }

  private:
    void wait(const std::stop_token& end) {
        bool first = true;
        while (!end.stop_requested()) {
            const int number = sigwaitinfo(&set_, nullptr);
            if (number <= 0 || end.stop_requested()) continue;
            if (!first) _exit(static_cast<int>(ExitCode::interrupted));
            first = false;
            log_warn("{}: stopping; once more ends at once",
                     number == SIGINT ? "interrupted" : "asked to end");
            source_.request_stop();
        }
    }

    sigset_t set_{};
    std::stop_source source_;
    std::jthread thread_;
};

}  // namespace

int run_program(const std::function<ExitCode(std::stop_token)>& body) {
    const SignalThread signals;
    try {
        return static_cast<int>(body(signals.token()));
    } catch (const Error& error) {
        report(error);
        return static_cast<int>(exit_code_of(error));
    } catch (const std::bad_alloc&) {
        log_error("out of memory");
    } catch (const std::exception& error) {
        log_error("internal error: {}", error.what());
        log_error(
            "what to do: this is a bug; please report it with the command line and the lines "
            "above");
    }
    return static_cast<int>(ExitCode::failed);
}

void add_common_options(CLI::App& app) {
    struct Options {
        std::string level = "info";
        std::string format = "text";
    };
    const auto options = std::make_shared<Options>();
    app.add_option("--log-level", options->level, "debug, info, warn, error or off")
        ->capture_default_str();
    app.add_option("--log-format", options->format, "text or json")->capture_default_str();
    app.set_version_flag("--version", std::string(kVersion));
    app.fallthrough();
    app.parse_complete_callback([options] {
        init_logging(parse_log_level(options->level), parse_log_format(options->format));
    });
}

namespace {

// CLI11 looks for what is missing before it looks at what it does not know, which is the reason
// more often. What stands behind a misspelled command is unknown as well.
std::string explain(const CLI::App& app, const CLI::ParseError& problem) {
    const auto unknown = app.remaining(true);
    if (app.get_subcommands().empty()) {
        std::string names;
        for (const auto* command : app.get_subcommands({}))
            names += (names.empty() ? "" : ", ") + command->get_name();
        if (!unknown.empty() && !unknown.front().starts_with("-"))
            return fmt::format("there is no command \"{}\"; there are: {}", unknown.front(), names);
        if (unknown.empty() && dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr)
            return "name a command: " + names;
    }
    for (const auto& word : unknown) {
        if (word.starts_with("-")) return fmt::format("there is no option {} here", word);
    }
    return problem.what();
}

}  // namespace

std::optional<ExitCode> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
        return std::nullopt;
    } catch (const CLI::Success& asked) {
        app.exit(asked);
        return ExitCode::done;
    } catch (const CLI::ParseError& problem) {
        std::cerr << app.get_name() << ": " << explain(app, problem)
                  << "\nRun with --help for more information.\n";
        return ExitCode::usage;
    }
}

}  // namespace airlock::base
