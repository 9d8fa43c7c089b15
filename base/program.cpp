#include "base/program.hpp"

#include "base/log.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace airlock::base {

void report(const Error& error) {
    log_error("{}", error.what());
    if (!error.hint().empty()) log_error("hint: {}", error.hint());
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
            log_warn("{}: stopping; send it again to exit at once",
                     number == SIGINT ? "interrupted" : "terminated");
            source_.request_stop();
        }
    }

    sigset_t set_{};
    std::stop_source source_;
    std::jthread thread_;
};

}  // namespace

int run_program(const std::function<ExitCode(const std::stop_token&)>& body) {
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
            "hint: this is a bug; please report it with the command line and the lines above");
    }
    return static_cast<int>(ExitCode::failed);
}

}  // namespace airlock::base
