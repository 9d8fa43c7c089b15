// The files of an image layout, in a directory or in a tar archive. Only regular files are opened,
// and symbolic links are not followed: the content of a layout is not trusted. Any thread may open.
#pragma once

#include "base/bytes.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::images {

class FileSet {
  public:
    virtual ~FileSet() = default;
    // The file at a relative path ("blobs/sha256/x"), or nothing when it does not exist. The set
    // must outlive the source.
    virtual std::unique_ptr<base::RewindableSource> open(std::string_view path) const = 0;
    // The path of the directory or archive, for messages.
    const std::string& name() const { return name_; }

    // At most `limit` bytes; nothing when the file does not exist.
    std::optional<std::string> text(std::string_view path, std::size_t limit) const;

  protected:
    explicit FileSet(std::string name) : name_(std::move(name)) {}

  private:
    std::string name_;
};

// Errc::not_found when it is not a directory.
std::shared_ptr<const FileSet> open_directory(const std::filesystem::path& path);
// An uncompressed tar archive, read in place (tar_index.hpp lists what is rejected).
std::shared_ptr<const FileSet> open_archive(const std::filesystem::path& path);

}  // namespace airlock::images
