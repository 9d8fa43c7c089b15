// Files: owning descriptors, ranges as sources, durable writes, locks. Paths come from the operator
// only, never from data that was received.
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

// open(2) with O_CLOEXEC; errors name the path.
UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode = 0644);
std::uint64_t file_size(int fd, std::string_view name);

// Writes all of `bytes`, however many calls it takes.
void pwrite_all(int fd, Bytes bytes, std::uint64_t offset, std::string_view name);
void write_all(int fd, Bytes bytes, std::string_view name);
// Fills `buffer` from `offset`; Errc::integrity, naming `name`, when the file is too short.
void pread_all(int fd, std::span<std::byte> buffer, std::uint64_t offset, std::string_view name);
std::string pread_text(int fd, std::uint64_t size, std::uint64_t offset, std::string_view name);

// `size` bytes of a file from `offset`, read in place with pread(2): several threads may read
// ranges of one descriptor, each its own. The descriptor must outlive it.
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

// Writes from `offset` on with pwrite(2); several sinks may share a descriptor.
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

// Atomic: after a crash the file has either the old or the new content. Temporary file, fsync,
// rename, fsync of the directory.
void write_file_durably(const std::filesystem::path& path, std::string_view content, mode_t mode);
void fsync_or_throw(int fd, std::string_view name);
void fsync_parent_directory(const std::filesystem::path& path);

// Creates missing directories with `mode`; durable.
void make_directories(const std::filesystem::path& path, mode_t mode);

// Held until destroyed. Errc::conflict, with `hint`, when another process holds it.
class FileLock {
  public:
    FileLock(const std::filesystem::path& path, std::string_view hint);
    // Whether a process holds it now. Does not create the file.
    static bool is_held(const std::filesystem::path& path);

  private:
    UniqueFd fd_;
};

// The directory of the running program's executable.
std::filesystem::path program_directory();

}  // namespace airlock::base
