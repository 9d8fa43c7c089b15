#include "images/tar_index.hpp"

#include "base/archive.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;
using base::kTarBlock;

constexpr std::size_t kMaxEntries = 200'000;
constexpr std::size_t kMaxExtension = 1024 * 1024;  // a pax header's records, a long name
// The names in layouts and in `docker save` archives are shorter; longer ones are ignored.
constexpr std::size_t kMaxPath = 512;
constexpr int kMaxLinks = 8;

// ustar (POSIX.1-1988), in bytes from the start of the header.
struct Field {
    std::size_t at;
    std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kSize{124, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 6};
constexpr Field kPrefix{345, 155};

std::string_view raw(std::string_view block, Field field) {
    return block.substr(field.at, field.size);
}
std::string_view text(std::string_view block, Field field) {
    const auto all = raw(block, field);
    return all.substr(0, all.find('\0'));
}

// Octal, padded with spaces or zeros, or binary when the first bit is set (GNU).
std::optional<std::uint64_t> number(std::string_view field) {
    if ((static_cast<unsigned char>(field.front()) & 0x80U) != 0) {
        std::uint64_t value = static_cast<unsigned char>(field.front()) & 0x7fU;
        for (const char c : field.substr(1)) {
            if (value >> 54U != 0) return std::nullopt;  // negative, or beyond any file
            value = value << 8U | static_cast<unsigned char>(c);
        }
        return value;
    }
    const auto from = field.find_first_not_of(' ');
    if (from == std::string_view::npos) return std::nullopt;
    const auto digits =
        field.substr(from, field.find_first_of(std::string_view(" \0", 2), from) - from);
    std::uint64_t value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
    if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

bool checksum_is_valid(std::string_view block) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kTarBlock; ++i) {
        const bool own_field = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
        sum += own_field ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[i]);
    }
    return number(raw(block, kChecksum)) == sum;
}

bool is_zero(std::string_view block) {
    return block.find_first_not_of('\0') == std::string_view::npos;
}

std::string_view compression(std::string_view block) {
    using namespace std::string_view_literals;
    if (block.starts_with("\x1f\x8b"sv)) return "gzip";
    if (block.starts_with("\x28\xb5\x2f\xfd"sv)) return "zstd";
    if (block.starts_with("\xfd\x37zXZ\0"sv)) return "xz";
    return block.starts_with("BZh"sv) ? "bzip2"sv : ""sv;
}

// The directory of `path`, with a trailing slash; empty at the top level.
std::string_view directory_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

// Resolves "." and ".." lexically; nothing when the path leaves the archive.
std::optional<std::string> resolved(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const auto slash = std::min(path.find('/'), path.size());
        const auto part = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            parts.push_back(part);
        } else if (parts.empty()) {
            return std::nullopt;
        } else {
            parts.pop_back();
        }
    }
    std::string out;
    for (const auto part : parts)
        out.append(out.empty() ? "" : "/").append(part);
    if (out.empty()) return std::nullopt;
    return out;
}

}  // namespace

std::optional<std::string> plain_path(std::string_view path) {
    if (path.starts_with('/') || path == ".." || path.starts_with("../") || path.ends_with("/..") ||
        path.find("/../") != std::string_view::npos)
        return std::nullopt;
    return resolved(path);
}

// Walks over the headers once.
struct TarIndex::Reader {
    int fd;
    std::uint64_t file_size;
    TarIndex& index;
    std::uint64_t at = 0;
    std::string block{};
    // From a pax header or a GNU extension, for the next entry.
    std::optional<std::string> long_name{};
    std::optional<std::string> long_link{};
    std::optional<std::uint64_t> long_size{};

    [[noreturn]] void refuse(std::string_view what, Errc code = Errc::invalid) const {
        throw Error(code, "{}: {} (at byte {})", index.name_, what, at);
    }

    void walk() {
        for (std::size_t count = 0; next_header(); ++count) {
            if (count == kMaxEntries)
                refuse(fmt::format("it has more than {} entries", kMaxEntries));
            const auto own = number(raw(block, kSize));
            if (!own) refuse("the size in a header is not a valid number");
            const auto type = block[kType];
            const auto size = is_extension(type) ? *own : long_size.value_or(*own);
            const TarPlace place{.offset = at + kTarBlock, .size = has_bytes(type) ? size : 0};
            if (place.size > file_size - place.offset)
                refuse(fmt::format(
                    "the entry {} has {} bytes, but the file ends before: it is truncated", name(),
                    place.size));
            if (is_extension(type)) {
                extension(type, place);
            } else {
                keep(type, place);
                long_name.reset();
                long_link.reset();
                long_size.reset();
            }
            // The padding of the last entry may be missing.
            at = std::min(place.offset + place.size + base::tar_padding(place.size), file_size);
        }
    }

    // False at the zero blocks that end an archive, or at the end of a file without them.
    bool next_header() {
        if (at == file_size && at != 0) return false;
        if (file_size - at < kTarBlock)
            refuse(at == 0 ? "it is too short to be a tar archive"
                           : "it ends in the middle of a header");
        block = base::pread_text(fd, kTarBlock, at, index.name_);
        if (at == 0 && !compression(block).empty()) {
            throw Error(Errc::unsupported, "{} is compressed ({})", index.name_, compression(block))
                .set_hint(
                    "decompress it (gunzip, unzstd, unxz): layers are read in place, which is not possible in a compressed archive");
        }
        if (is_zero(block)) {
            if (at == 0) refuse("it is not a tar archive");
            return false;
        }
        if (!checksum_is_valid(block))
            refuse(at == 0 ? "it is not a tar archive" : "a header is corrupt");
        return true;
    }

    static bool is_extension(char type) {
        return type == 'x' || type == 'g' || type == 'L' || type == 'K';
    }
    // Links, devices, directories and FIFOs have no content, whatever their size field says.
    static bool has_bytes(char type) { return type < '1' || type > '6'; }

    std::string name() const {
        if (long_name) return *long_name;
        std::string out;
        // GNU's old format ("ustar ") stores times where ustar has the prefix.
        const bool ustar = raw(block, kMagic) == std::string_view("ustar\0", 6);
        if (ustar && !text(block, kPrefix).empty()) out = fmt::format("{}/", text(block, kPrefix));
        return out.append(text(block, kName));
    }

    void extension(char type, const TarPlace& place) {
        if (place.size > kMaxExtension) refuse("an extended header is too large");
        const auto body = base::pread_text(fd, place.size, place.offset, index.name_);
        if (type == 'L') {
            long_name = body.substr(0, body.find('\0'));
        } else if (type == 'K') {
            long_link = body.substr(0, body.find('\0'));
        } else {
            records(body, type == 'g');
        }
    }

    // "LENGTH KEY=VALUE\n"…
    void records(std::string_view body, bool global) {
        while (!body.empty() && body.front() != '\0') {
            std::size_t length = 0;
            const auto [end, problem] =
                std::from_chars(body.data(), body.data() + body.size(), length);
            const auto digits = static_cast<std::size_t>(end - body.data());
            if (problem != std::errc() || length > body.size() || length < digits + 3 ||
                body[digits] != ' ' || body[length - 1] != '\n')
                refuse("an extended header is corrupt");
            const auto record = body.substr(digits + 1, length - digits - 2);
            body.remove_prefix(length);
            const auto equals = record.find('=');
            if (equals == std::string_view::npos) refuse("an extended header is corrupt");
            take(record.substr(0, equals), record.substr(equals + 1), global);
        }
    }

    void take(std::string_view key, std::string_view value, bool global) {
        if (key.starts_with("GNU.sparse.")) refuse("it contains a sparse file", Errc::unsupported);
        if (key != "path" && key != "linkpath" && key != "size") return;
        if (global) refuse("a global header sets the path or size of a file");
        if (key == "path") {
            long_name = value;
        } else if (key == "linkpath") {
            long_link = value;
        } else {
            std::uint64_t size = 0;
            const auto [end, problem] =
                std::from_chars(value.data(), value.data() + value.size(), size);
            if (problem != std::errc() || end != value.data() + value.size())
                refuse("an extended header is corrupt");
            long_size = size;
        }
    }

    void keep(char type, const TarPlace& place) {
        if (type == 'S') refuse("it contains a sparse file", Errc::unsupported);
        const bool link = type == '1' || type == '2';
        const bool regular = type == '0' || type == '\0' || type == '7';
        const auto full = name();
        if ((!link && !regular) || full.ends_with('/')) return;
        auto path = plain_path(full);
        if (!path || path->size() > kMaxPath) return;
        Entry entry{.place = place, .link = {}};
        if (link) {
            const auto to = long_link.value_or(std::string(text(block, kLink)));
            if (to.starts_with('/')) return;
            // A hard link's target is relative to the archive, a symbolic link's to its own
            // directory.
            const auto target = resolved(type == '1' ? to : std::string(directory_of(*path)) + to);
            if (!target || target->size() > kMaxPath) return;
            entry.link = *target;
        }
        const auto [old, fresh] = index.entries_.emplace(std::move(*path), std::move(entry));
        if (!fresh) old->second.duplicate = true;
    }
};

TarIndex TarIndex::read(int fd, std::string_view name) {
    TarIndex index;
    index.name_ = name;
    Reader{.fd = fd, .file_size = base::file_size(fd, name), .index = index}.walk();
    return index;
}

std::optional<TarPlace> TarIndex::find(std::string_view path) const {
    auto at = entries_.find(path);
    for (int links = 0; at != entries_.end() && links < kMaxLinks; ++links) {
        if (at->second.duplicate) {
            throw Error(Errc::invalid, "{}: duplicate entry {}", name_, at->first)
                .set_hint("save the images again to a new file");
        }
        if (at->second.link.empty()) return at->second.place;
        at = entries_.find(at->second.link);
    }
    return std::nullopt;
}

}  // namespace airlock::images
