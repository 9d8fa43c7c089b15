#include "tests/webhook/server_process.hpp"

#include "base/file.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace airlock::webhook::test {

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

std::string policy_text(std::string_view cpu_ratio) {
    return fmt::format(
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\ndefault: {{ratios: {{cpu: {}}}}}\n",
        cpu_ratio);
}

ServerProcess::ServerProcess(const std::vector<std::string>& options)
    : pair_(make_pair_for("first")) {
    write("tls.crt", pair_.certificate);
    write("tls.key", pair_.key);
    write("policy.yaml", policy_text("2"));
    std::vector<std::string> words{AIRLOCK_BIN_DIR "/node-oversell-webhook",
                                   "serve",
                                   "--log-level=debug",
                                   "--listen=127.0.0.1:0",
                                   "--metrics-listen=127.0.0.1:0",
                                   "--tls-cert=" + file("tls.crt").string(),
                                   "--tls-key=" + file("tls.key").string(),
                                   "--policy=" + file("policy.yaml").string()};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (auto& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto log_name = file("log").string();
    const int log = ::open(log_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(log, 1);
        ::dup2(log, 2);
        ::execv(arguments.front(), arguments.data());
        ::_exit(127);
    }
    ::close(log);
    static const std::regex kPorts(
        R"(HTTPS on 127\.0\.0\.1:(\d+) and metrics on 127\.0\.0\.1:(\d+))");
    std::smatch found;
    std::string text;
    const bool serves = eventually(std::chrono::seconds(20), [&] {
        text = this->log();
        return std::regex_search(text, found, kPorts);
    });
    if (!serves) throw std::runtime_error("the server did not start: " + text);
    port_ = static_cast<std::uint16_t>(std::stoi(found[1]));
    metrics_port_ = static_cast<std::uint16_t>(std::stoi(found[2]));
}

ServerProcess::~ServerProcess() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

std::string ServerProcess::log() const {
    return base::read_file(file("log"), 64 << 20);
}

// Renames a complete file, as a kubelet does: the server never sees half a file.
void ServerProcess::write(const char* name, const std::string& text) const {
    const auto temporary = file("new");
    std::ofstream(temporary) << text;
    std::filesystem::rename(temporary, file(name));
}

void ServerProcess::signal(int number) const {
    ::kill(pid_, number);
}

std::uint64_t ServerProcess::resident_kib() const {
    std::ifstream status(fmt::format("/proc/{}/status", pid_));
    for (std::string word; status >> word;) {
        std::uint64_t size = 0;
        if (word == "VmRSS:" && status >> size) return size;
    }
    throw std::runtime_error("the server has exited: " + log());
}

int ServerProcess::end_within(std::chrono::seconds limit) {
    signal(SIGTERM);
    int status = -1;
    const bool ended = eventually(limit, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) return -1;
    pid_ = -1;
    return status;
}

}  // namespace airlock::webhook::test
