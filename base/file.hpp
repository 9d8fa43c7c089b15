// Files: descriptors that close themselves, ranges as sources, durable writes, locks. No path from
// outside the operator's own hands is ever given to these.
#pragma once

#include "base/bytes.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace airlock::base {

class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    ~UniqueFd() { reset(); }
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() noexcept;

  private:
    int fd_ = -1;
};

// open(2) with O_CLOEXEC; throws with the path's name.
UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0644);
std::uint64_t file_size(int fd, std::string_view name);

// All of `bytes` at `offset`, whatever write(2) takes at a time.
void pwrite_all(int fd, Bytes bytes, std::uint64_t offset, std::string_view name);
void write_all(int fd, Bytes bytes, std::string_view name);
// All of `buffer` from `offset`; Errc::integrity, naming `name`, when the file ends before.
void pread_all(int fd, std::span<std::byte> buffer, std::uint64_t offset, std::string_view name);
std::string pread_text(int fd, std::uint64_t size, std::uint64_t offset, std::string_view name);

// `size` bytes of a file from `offset`, read in place with pread: several ranges of one descriptor
// may be read from several threads, one thread a range. The descriptor outlives it.
class FileRange final : public RewindableSource {
  public:
    FileRange(int fd, std::uint64_t offset, std::uint64_t size, std::string name)
        : fd_(fd), offset_(offset), size_(size), name_(std::move(name)) {}
    std::size_t read(std::span<std::byte> buffer) override;
    std::uint64_t size() const override { return size_; }
    void rewind(std::uint64_t offset) override { position_ = offset; }

  private:
    int fd_;
    std::uint64_t offset_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
    std::string name_;
};

// Writes from `offset` on with pwrite; several may share a descriptor.
class FileSink final : public Sink {
  public:
    FileSink(int fd, std::uint64_t offset, std::string name)
        : fd_(fd), offset_(offset), name_(std::move(name)) {}
    void write(Bytes bytes) override;

  private:
    int fd_;
    std::uint64_t offset_;
    std::string name_;
};

// At most `limit` bytes; Errc::invalid for a larger file, Errc::not_found for an absent one.
std::string read_file(const std::filesystem::path& path, std::size_t limit);
std::optional<std::string> read_file_if_present(const std::filesystem::path& path,
                                                std::size_t limit);

// The whole new content or the old one, whatever happens: temporary file, fsync, rename, fsync of
// the folder.
void write_file_durably(const std::filesystem::path& path, std::string_view content, mode_t mode);
void fsync_or_throw(int fd, std::string_view name);
void fsync_folder_of(const std::filesystem::path& path);

// Creates the missing folders with `mode`; durable.
void make_folders(const std::filesystem::path& path, mode_t mode);

// Held until destroyed. Errc::conflict when another process holds it, with `hint` for the operator.
class FileLock {
  public:
    FileLock(const std::filesystem::path& path, std::string_view hint);
    // Whether some process holds it now. Makes nothing.
    static bool is_held(const std::filesystem::path& path);

  private:
    UniqueFd fd_;
};

// The folder of the running program's own file.
std::filesystem::path program_folder();

}  // namespace airlock::base
