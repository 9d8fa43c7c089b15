// A temporary directory, removed at the end of the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace airlock::test {

class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    // Returns the file's path. Creates parent directories.
    std::filesystem::path write(std::string_view name, std::string_view text) const;
    std::string read(std::string_view name) const;

  private:
    std::filesystem::path path_;
};

}  // namespace airlock::test
