// Detects changed files by polling. Follows symbolic links: a kubelet updates a mounted ConfigMap
// or Secret by replacing the link ..data, after which the same names have other inodes. inotify
// would not report that for the watched names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace airlock::webhook {

class FileWatch {
  public:
    explicit FileWatch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

    // True on the first call, and when a file's inode, size or time differs from the last call.
    // Call it before reading the files: a change during the read is then detected by the next call.
    bool changed();

  private:
    struct Stamp {
        bool present = false;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;
        bool operator==(const Stamp&) const = default;
    };
    static Stamp stamp_of(const std::filesystem::path& file);

    std::vector<std::filesystem::path> files_;
    std::vector<Stamp> stamps_;
};

}  // namespace airlock::webhook
