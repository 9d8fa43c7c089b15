// The bundle's output file, locked for the whole build: FILE, and next to it FILE.partial, its
// record and its lock. Fails immediately when it cannot be written or another build is writing it.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <filesystem>

namespace airlock::bundler {

class OutputFile {
  public:
    // Errc::conflict when another build is writing it; Errc::usage for a directory or a device;
    // Errc::io, denied or not_found when it cannot be written.
    explicit OutputFile(std::filesystem::path path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path partial() const { return beside(".partial"); }
    std::filesystem::path record() const { return beside(".partial.record"); }

  private:
    std::filesystem::path beside(std::string_view suffix) const;
    bool lock();

    std::filesystem::path path_;
    base::UniqueFd lock_;
};

// Extends the open file to `size` bytes and allocates the disk space if the file system supports
// it. Errc::io, with the number of bytes needed and available, when the disk has not enough free
// space.
void reserve(int fd, std::uint64_t size, const std::filesystem::path& path);

}  // namespace airlock::bundler
