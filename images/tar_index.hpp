// The index of a tar file that is read in place: its regular files by name, with the offsets of
// their content. libarchive reads an archive as a stream and does not report offsets, so the
// headers are parsed here (POSIX.1-2001 pax, ustar, GNU long names and sizes). Nothing is
// extracted, and no name reaches the file system: a link is an alias of an entry in the same
// archive, or ignored. Any thread may read.
#pragma once

#include "base/file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::images {

struct TarPlace {
    std::uint64_t offset = 0;  // of the first byte
    std::uint64_t size = 0;
};

class TarIndex {
  public:
    // Reads all headers of the open file. Errc::invalid for a file that is not a tar archive, or is
    // truncated or corrupt; Errc::unsupported for a compressed or sparse one. `name` is for
    // messages.
    static TarIndex read(int fd, std::string_view name);

    // By relative path ("blobs/sha256/x"); nothing unless it is a regular file. Errc::invalid for a
    // duplicate name: tools differ in which entry they use.
    std::optional<TarPlace> find(std::string_view path) const;

  private:
    struct Entry {
        TarPlace place;
        std::string link;  // the target, for a link
        bool duplicate = false;
    };
    struct Reader;

    std::string name_;
    std::map<std::string, Entry, std::less<>> entries_;
};

// `path` without "." and double slashes; nothing when it is absolute, empty, or contains "..".
std::optional<std::string> plain_path(std::string_view path);

}  // namespace airlock::images
