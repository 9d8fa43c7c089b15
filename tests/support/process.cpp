#include "tests/support/process.hpp"

#include "base/file.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace airlock::test {
namespace {

std::vector<char*> arguments(const std::vector<std::string>& command) {
    std::vector<char*> out;
    for (const auto& word : command)
        out.push_back(const_cast<char*>(word.c_str()));
    out.push_back(nullptr);
    return out;
}

// Only async-signal-safe calls between fork and exec; -1 inherits the parent's descriptor.
pid_t start(const std::vector<std::string>& command, int in, int out) {
    const auto words = arguments(command);
    const auto parent = ::getpid();
    const auto pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    if (in >= 0) ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execvp(words[0], words.data());
    ::_exit(127);
}

}  // namespace

std::string run(const std::vector<std::string>& command, const std::string& input) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    base::UniqueFd in_read(in[0]), in_write(in[1]), out_read(out[0]), out_write(out[1]);
    const auto pid = start(command, in_read.get(), out_write.get());
    if (pid < 0) throw std::runtime_error("cannot start " + command[0]);
    in_read.reset();
    out_write.reset();
    base::write_all(in_write.get(), base::as_bytes(input), command[0]);
    in_write.reset();
    std::string text;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(out_read.get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(command[0] + " failed: " + text);
    return text;
}

Daemon::Daemon(const std::vector<std::string>& command, std::filesystem::path log)
    : log_(std::move(log)) {
    const auto out = base::open_file(log_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const auto nothing = base::open_file("/dev/null", O_RDONLY);
    pid_ = start(command, nothing.get(), out.get());
    if (pid_ < 0) throw std::runtime_error("cannot start " + command[0]);
}

Daemon::~Daemon() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool Daemon::runs() {
    if (pid_ <= 0) return false;
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

std::string Daemon::log() const {
    return base::read_file_if_present(log_, 1U << 24U).value_or("");
}

}  // namespace airlock::test
