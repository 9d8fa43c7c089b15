// What lies where in a tar file that is read in place: its regular files by name, with the offset
// of their bytes. libarchive reads an archive as a stream and does not say where bytes lie, so the
// headers are read here (POSIX.1-2001 pax, ustar, GNU long names and sizes). Nothing is extracted,
// and no name reaches the file system: a link is another name for an entry of the same archive, or
// nothing. Any thread may look.
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
    // Walks the headers of the open file. Errc::invalid for what is no tar archive, is cut or
    // damaged; Errc::unsupported for a compressed or a sparse one. `name` is the file's, for
    // messages.
    static TarIndex read(int fd, std::string_view name);

    // By plain name: "blobs/sha256/x"; nothing for what is no regular file. Errc::invalid for a
    // name that the archive has twice: readers differ in which one they take.
    std::optional<TarPlace> find(std::string_view path) const;

  private:
    struct Entry {
        TarPlace place;
        std::string link;  // the entry's true name instead
        bool twice = false;
    };
    struct Reader;

    std::string name_;
    std::map<std::string, Entry, std::less<>> entries_;
};

// `path` without "." and double slashes; nothing when it is absolute, empty, or climbs out.
std::optional<std::string> plain_path(std::string_view path);

}  // namespace airlock::images
