#include "base/archive.hpp"

#include "base/error.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <set>

namespace airlock::base {
namespace {

struct WriteFree {
    void operator()(archive* a) const noexcept { archive_write_free(a); }
};
struct ReadFree {
    void operator()(archive* a) const noexcept { archive_read_free(a); }
};
struct EntryFree {
    void operator()(archive_entry* e) const noexcept { archive_entry_free(e); }
};
using Writer = std::unique_ptr<archive, WriteFree>;
using Reader = std::unique_ptr<archive, ReadFree>;
using Entry = std::unique_ptr<archive_entry, EntryFree>;

void check(int code, archive* a) {
    if (code != ARCHIVE_OK) {
        const char* reason = archive_error_string(a);
        throw Error(Errc::internal, "libarchive: {}", reason != nullptr ? reason : "unknown error");
    }
}

la_ssize_t append_to_string(archive* a, void* text, const void* data, std::size_t size) noexcept {
    try {
        static_cast<std::string*>(text)->append(static_cast<const char*>(data), size);
        return static_cast<la_ssize_t>(size);
    } catch (...) {
        archive_set_error(a, ENOMEM, "out of memory");
        return -1;
    }
}

// Keeps the header and rejects the rest: closing would write the file's content as zeros.
la_ssize_t keep_one_block(archive* a, void* text, const void* data, std::size_t size) noexcept {
    if (static_cast<std::string*>(text)->size() >= kTarBlock) {
        archive_set_error(a, ECANCELED, "only the header is needed");
        return -1;
    }
    return append_to_string(a, text, data, size);
}

Writer open_writer(std::string& out, bool gzip,
                   archive_write_callback* callback = &append_to_string) {
    Writer writer(archive_write_new());
    if (!writer) throw std::bad_alloc();
    check(archive_write_set_format_gnutar(writer.get()), writer.get());
    if (gzip) {
        check(archive_write_add_filter_gzip(writer.get()), writer.get());
        check(archive_write_set_options(writer.get(), "gzip:!timestamp,gzip:compression-level=9"),
              writer.get());
    }
    // No padding to 10 KiB records.
    check(archive_write_set_bytes_per_block(writer.get(), 0), writer.get());
    check(archive_write_open(writer.get(), &out, nullptr, callback, nullptr), writer.get());
    return writer;
}

Entry make_entry(const std::string& path, std::uint64_t size, unsigned mode, unsigned type) {
    Entry entry(archive_entry_new());
    if (!entry) throw std::bad_alloc();
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), mode);
    archive_entry_set_uid(entry.get(), 0);
    archive_entry_set_gid(entry.get(), 0);
    archive_entry_set_mtime(entry.get(), 0, 0);
    return entry;
}

void write_files(archive* writer, const std::vector<TarFile>& files) {
    std::set<std::string> directories;
    for (const auto& file : files) {
        for (auto slash = file.path.find('/'); slash != std::string::npos;
             slash = file.path.find('/', slash + 1)) {
            const auto directory = file.path.substr(0, slash + 1);
            if (!directories.insert(directory).second) continue;
            check(archive_write_header(writer, make_entry(directory, 0, 0755, AE_IFDIR).get()),
                  writer);
        }
        check(archive_write_header(
                  writer, make_entry(file.path, file.content.size(), file.mode, AE_IFREG).get()),
              writer);
        const auto written = archive_write_data(writer, file.content.data(), file.content.size());
        if (written != static_cast<la_ssize_t>(file.content.size())) check(ARCHIVE_FATAL, writer);
    }
    check(archive_write_close(writer), writer);
}

std::string write_archive(std::vector<TarFile> files, bool gzip) {
    std::ranges::sort(files, {}, &TarFile::path);
    std::string out;
    write_files(open_writer(out, gzip).get(), files);
    return out;
}

}  // namespace

std::string tar_header(const TarEntry& entry) {
    if (entry.path.size() > 100)
        throw Error(Errc::internal, "a path of {} characters is too long for a tar header",
                    entry.path.size());
    std::string out;
    const auto writer = open_writer(out, false, &keep_one_block);
    check(archive_write_header(writer.get(),
                               make_entry(entry.path, entry.size, entry.mode, AE_IFREG).get()),
          writer.get());
    // Fails on purpose when the file is not empty; not closing would leak the buffer.
    archive_write_close(writer.get());
    if (out.size() < kTarBlock) throw Error(Errc::internal, "libarchive wrote no header");
    out.resize(kTarBlock);
    return out;
}

std::optional<TarEntry> read_tar_header(std::string_view block) {
    // libarchive reports hard links and sparse files as regular too; their content is elsewhere.
    constexpr std::size_t kTypeAt = 156;
    if (block.size() < kTarBlock || (block[kTypeAt] != '0' && block[kTypeAt] != '\0'))
        return std::nullopt;
    // In a GNU header, libarchive prefers the real size of a sparse file to the size of its content.
    constexpr std::size_t kMagicAt = 257;
    constexpr std::size_t kRealSizeAt = 483;
    if (block.substr(kMagicAt).starts_with("ustar  ") && block[kRealSizeAt] != '\0')
        return std::nullopt;
    const Reader reader(archive_read_new());
    if (!reader) throw std::bad_alloc();
    check(archive_read_support_format_tar(reader.get()), reader.get());
    if (archive_read_open_memory(reader.get(), block.data(), block.size()) != ARCHIVE_OK)
        return std::nullopt;
    archive_entry* entry = nullptr;
    if (archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) return std::nullopt;
    const char* path = archive_entry_pathname(entry);
    const auto size = archive_entry_size(entry);
    if (archive_entry_filetype(entry) != AE_IFREG || path == nullptr || size < 0)
        return std::nullopt;
    return TarEntry{
        .path = path, .size = static_cast<std::uint64_t>(size), .mode = archive_entry_perm(entry)};
}

std::string make_tar(std::vector<TarFile> files) {
    return write_archive(std::move(files), false);
}

std::string make_tar_gzip(std::vector<TarFile> files) {
    return write_archive(std::move(files), true);
}

}  // namespace airlock::base
