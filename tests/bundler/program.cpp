#include "tests/bundler/program.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace airlock::bundler::test {

Program::Program(const std::vector<std::string>& arguments,
                 const std::filesystem::path& directory) {
    std::vector<std::string> words{AIRLOCK_BIN_DIR "/airlock-bundler"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto out = base::open_file(output_ / "out", O_WRONLY | O_CREAT, 0600);
    const auto err = base::open_file(output_ / "err", O_WRONLY | O_CREAT, 0600);
    const auto parent = ::getpid();
    // Only async-signal-safe calls between fork and exec.
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::chdir(directory.c_str()) != 0) ::_exit(127);
    ::dup2(out.get(), STDOUT_FILENO);
    ::dup2(err.get(), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

Program::~Program() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        wait();
    }
}

bool Program::runs() {
    if (pid_ <= 0) return false;
    if (::waitpid(pid_, &status_, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

void Program::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

int Program::wait() {
    while (pid_ > 0 && ::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

Ended run_program(const std::vector<std::string>& arguments,
                  const std::filesystem::path& directory) {
    Program program(arguments, directory);
    const auto code = program.wait();
    return {.code = code, .out = program.out(), .err = program.err()};
}

}  // namespace airlock::bundler::test
