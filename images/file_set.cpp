#include "images/file_set.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "images/tar_index.hpp"

#include <fcntl.h>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;

class OpenedFile final : public base::RewindableSource {
  public:
    OpenedFile(base::UniqueFd fd, std::uint64_t size, std::string name)
        : fd_(std::move(fd)), range_(fd_.get(), 0, size, std::move(name)) {}
    std::size_t read(std::span<std::byte> buffer) override { return range_.read(buffer); }
    std::uint64_t size() const override { return range_.size(); }
    void rewind(std::uint64_t offset) override { range_.rewind(offset); }

  private:
    base::UniqueFd fd_;
    base::FileRange range_;
};

class Directory final : public FileSet {
  public:
    explicit Directory(const std::filesystem::path& path) : FileSet(path.string()), path_(path) {}

    std::unique_ptr<base::RewindableSource> open(std::string_view path) const override {
        const auto full = path_ / path;
        try {
            // O_NONBLOCK: opening a FIFO would block forever.
            auto fd = base::open_file(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
            const auto size = base::file_size(fd.get(), full.string());
            return std::make_unique<OpenedFile>(std::move(fd), size, full.string());
        } catch (const Error& error) {
            if (error.code() == Errc::not_found) return nullptr;
            throw;
        }
    }

  private:
    std::filesystem::path path_;
};

class Archive final : public FileSet {
  public:
    explicit Archive(const std::filesystem::path& path)
        : FileSet(path.string()),
          fd_(base::open_file(path, O_RDONLY | O_NONBLOCK)),
          index_(TarIndex::read(fd_.get(), name())) {}

    std::unique_ptr<base::RewindableSource> open(std::string_view path) const override {
        const auto place = index_.find(path);
        if (!place) return nullptr;
        return std::make_unique<base::FileRange>(fd_.get(), place->offset, place->size,
                                                 fmt::format("{}: {}", name(), path));
    }

  private:
    base::UniqueFd fd_;
    TarIndex index_;
};

}  // namespace

std::optional<std::string> FileSet::text(std::string_view path, std::size_t limit) const {
    const auto source = open(path);
    if (!source) return std::nullopt;
    return base::read_all(*source, limit, fmt::format("{}: {}", name_, path));
}

std::shared_ptr<const FileSet> open_directory(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
        if (!std::filesystem::exists(path, ignored))
            throw Error(Errc::not_found, "{} does not exist", path.string());
        throw Error(Errc::not_found, "{} is not a directory", path.string())
            .set_hint("for a file, use oci-archive or docker-archive");
    }
    return std::make_shared<Directory>(path);
}

std::shared_ptr<const FileSet> open_archive(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        throw Error(Errc::invalid, "{} is a directory, not an archive", path.string())
            .set_hint("for a directory, use oci-layout");
    }
    return std::make_shared<Archive>(path);
}

}  // namespace airlock::images
