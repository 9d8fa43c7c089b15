// The bundle's place on the disk, held from before the long work begins until it is done: FILE, and
// beside it FILE.partial, its record and its lock. A place that cannot be written, or that another
// build holds, is found at once.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <filesystem>

namespace airlock::bundler {

class OutputFile {
  public:
    // Errc::conflict when another build holds it; Errc::usage for a folder or a device; Errc::io,
    // denied or not_found when nothing can be written there.
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

// Makes the open file `size` bytes long and takes the room for them on the disk, where its file
// system can. Errc::io, with the bytes that are needed and those that are free, when there is none.
void reserve(int fd, std::uint64_t size, const std::filesystem::path& path);

}  // namespace airlock::bundler
