// Runs node-oversell-webhook serve as a process on free ports, with files that a test can change.
#pragma once

#include "tests/support/temp_folder.hpp"
#include "tests/webhook/support.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace airlock::webhook::test {

class ServerProcess {
  public:
    // Waits until it serves. Throws std::runtime_error with its log when it does not.
    explicit ServerProcess(const std::vector<std::string>& options = {});
    ~ServerProcess();  // kills it if it is still running
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    std::uint16_t port() const { return port_; }
    std::uint16_t metrics_port() const { return metrics_port_; }
    std::filesystem::path file(const char* name) const { return folder_.path() / name; }
    const Pair& pair() const { return pair_; }
    std::string log() const;

    void write(const char* name, const std::string& text) const;
    void signal(int number) const;
    // Resident memory now, in KiB.
    std::uint64_t resident_kib() const;
    // Sends SIGTERM. The exit status as of waitpid(2); -1 if it did not exit in time.
    int end_within(std::chrono::seconds limit);

  private:
    ::airlock::test::TempFolder folder_;
    Pair pair_;
    int pid_ = -1;
    std::uint16_t port_ = 0;
    std::uint16_t metrics_port_ = 0;
};

std::string policy_text(std::string_view cpu_ratio);

// Polls every few milliseconds until `holds`, for at most `limit`.
bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds);

}  // namespace airlock::webhook::test
