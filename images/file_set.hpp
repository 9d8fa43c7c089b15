// The files of an image layout, whether they lie in a folder or in a tar archive. Only regular
// files are opened, and no symbolic link is followed: what a layout holds is not always what its
// holder put there. Any thread may open.
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
    // The file with this plain path ("blobs/sha256/x"), or nothing when it is not there. The set
    // outlives what it gives.
    virtual std::unique_ptr<base::RewindableSource> open(std::string_view path) const = 0;
    // Of the folder or the archive, for messages.
    const std::string& name() const { return name_; }

    // At most `limit` bytes; nothing when the file is not there.
    std::optional<std::string> text(std::string_view path, std::size_t limit) const;

  protected:
    explicit FileSet(std::string name) : name_(std::move(name)) {}

  private:
    std::string name_;
};

// Errc::not_found when it is no folder.
std::shared_ptr<const FileSet> open_folder(const std::filesystem::path& path);
// An uncompressed tar archive, read in place (see tar_index.hpp for what is refused).
std::shared_ptr<const FileSet> open_archive(const std::filesystem::path& path);

}  // namespace airlock::images
