// Tells when files changed, by looking. Follows symbolic links: a kubelet updates a mounted
// ConfigMap or Secret by swapping the link ..data, which shows as other inodes behind the same
// names. Not inotify, which sees nothing of a swap behind the watched name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace airlock::webhook {

class FileWatch {
  public:
    explicit FileWatch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

    // True at the first call, and whenever a file's inode, size or time is another than at the last
    // call. Call it before reading: what changes while the files are read is then seen the next
    // time.
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
