// Tar archives, through libarchive: single headers, so that blobs are written and read in place at
// offsets known in advance, and small archives built in memory. Nothing is ever extracted: no path
// in an archive reaches the file system. Headers are in GNU tar format (one block each, any size),
// with owner 0 and mtime 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::base {

inline constexpr std::uint64_t kTarBlock = 512;
inline constexpr std::uint64_t kTarEnd = 2 * kTarBlock;  // the zero blocks that end an archive

// Zero bytes between the end of `size` bytes of content and the next header.
constexpr std::uint64_t tar_padding(std::uint64_t size) {
    return (kTarBlock - size % kTarBlock) % kTarBlock;
}
// Header, content and padding.
constexpr std::uint64_t tar_footprint(std::uint64_t size) {
    return kTarBlock + size + tar_padding(size);
}

struct TarEntry {
    std::string path;
    std::uint64_t size = 0;
    unsigned mode = 0644;
};

// The header block of a regular file. REQUIRES: the path has at most 100 characters.
std::string tar_header(const TarEntry& entry);

// The entry that the block describes; nothing unless it is the header of a regular file.
std::optional<TarEntry> read_tar_header(std::string_view block);

struct TarFile {
    std::string path;  // usr/bin/x, without a leading slash
    std::string content;
    unsigned mode = 0755;
};

// A small archive, built in memory. The same files give the same bytes, in whatever order they are
// listed. Parent directories become entries of their own, with mode 0755.
std::string make_tar(std::vector<TarFile> files);
std::string make_tar_gzip(std::vector<TarFile> files);

}  // namespace airlock::base
