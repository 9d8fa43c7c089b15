// Runs the real airlock-bundler as a process.
#pragma once

#include "base/file.hpp"
#include "tests/support/temp_folder.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace airlock::bundler::test {

class Program {
  public:
    // Runs in `directory`. It does not outlive the test.
    Program(const std::vector<std::string>& arguments, const std::filesystem::path& directory);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    bool runs();
    void signal(int number) const;
    // The exit code, or 128 + the number of the signal that killed it.
    int wait();
    std::string out() const { return output_.read("out"); }
    std::string err() const { return output_.read("err"); }

  private:
    airlock::test::TempFolder output_;
    pid_t pid_ = -1;
    int status_ = 0;
};

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};
Ended run_program(const std::vector<std::string>& arguments,
                  const std::filesystem::path& directory);

}  // namespace airlock::bundler::test
