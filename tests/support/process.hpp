// Programs started by tests: one that exits by itself, and one that runs until the end of the test.
// Neither outlives the test, even if the test is killed.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace airlock::test {

// Waits for the program and returns its output; throws, with the output, if it fails.
std::string run(const std::vector<std::string>& command, const std::string& input = {});

class Daemon {
  public:
    // Output goes to `log`.
    Daemon(const std::vector<std::string>& command, std::filesystem::path log);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    bool runs();
    std::string log() const;

  private:
    std::filesystem::path log_;
    pid_t pid_ = -1;
};

}  // namespace airlock::test
