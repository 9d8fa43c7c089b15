// The real airlock-bundler, started, watched and ended by a test.
#pragma once

#include "base/file.hpp"
#include "tests/support/temp_folder.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace airlock::bundler::test {

class Program {
  public:
    // Its working folder is `folder`. It does not outlive the test.
    Program(const std::vector<std::string>& arguments, const std::filesystem::path& folder);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    bool runs();
    void signal(int number) const;
    // The exit code; 128 + the signal when one ended it.
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
Ended run_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

}  // namespace airlock::bundler::test
