#include "webhook/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace airlock::webhook {

FileWatch::Stamp FileWatch::stamp_of(const std::filesystem::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {.present = true,
            .device = std::uint64_t{found.st_dev},
            .inode = std::uint64_t{found.st_ino},
            .size = std::int64_t{found.st_size},
            .seconds = std::int64_t{found.st_mtim.tv_sec},
            .nanoseconds = std::int64_t{found.st_mtim.tv_nsec}};
}

bool FileWatch::changed() {
    std::vector<Stamp> stamps;
    for (const auto& file : files_)
        stamps.push_back(stamp_of(file));
    if (stamps == stamps_) return false;
    stamps_ = std::move(stamps);
    return true;
}

}  // namespace airlock::webhook
