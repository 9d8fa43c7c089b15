// Programs that a test starts: one that ends by itself, and one that serves until the test is over.
// Neither outlives the test, even one that is killed.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace airlock::test {

// Waits for the end; throws with the output when it is not a success. Returns the output.
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
