// Tar, by libarchive: headers made and read one at a time, so that blobs are written and read in
// place at offsets known beforehand; and whole small archives. Nothing is ever extracted: no path
// of an archive reaches the file system. Headers are GNU tar's (one block each, any size), with
// owner 0 and time 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::base {

inline constexpr std::uint64_t kTarBlock = 512;
inline constexpr std::uint64_t kTarEnd = 2 * kTarBlock;  // the zeros that end an archive

// The zeros between the end of `size` bytes and the next header.
constexpr std::uint64_t tar_padding(std::uint64_t size) {
    return (kTarBlock - size % kTarBlock) % kTarBlock;
}
// Header, bytes and padding.
constexpr std::uint64_t tar_footprint(std::uint64_t size) {
    return kTarBlock + size + tar_padding(size);
}

struct TarEntry {
    std::string path;
    std::uint64_t size = 0;
    unsigned mode = 0644;
};

// The block before the bytes of a regular file. REQUIRES: the path has at most 100 letters.
std::string tar_header(const TarEntry& entry);

// What the block says; nothing when it is no header of a regular file.
std::optional<TarEntry> read_tar_header(std::string_view block);

struct TarFile {
    std::string path;  // usr/bin/x, without a leading slash
    std::string content;
    unsigned mode = 0755;
};

// A whole small archive in memory. The same files give the same bytes, in whatever order they are
// named. Directories of the paths are entries of their own, mode 0755.
std::string make_tar(std::vector<TarFile> files);
std::string make_tar_gzip(std::vector<TarFile> files);

}  // namespace airlock::base
