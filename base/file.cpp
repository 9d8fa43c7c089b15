#include "base/file.hpp"

#include "base/error.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

namespace airlock::base {
namespace {

// is_held() takes the lock for a moment.
constexpr int kLockAttempts = 3;
constexpr std::chrono::milliseconds kLockPause{10};

}  // namespace

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

UniqueFd open_file(const std::filesystem::path& path, int flags, mode_t mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd) {
        const bool writes = (flags & (O_WRONLY | O_RDWR)) != 0;
        throw_errno(errno, fmt::format("cannot {} {}", writes ? "write" : "open", path.string()));
    }
    return fd;
}

std::uint64_t file_size(int fd, std::string_view name) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) throw_errno(errno, fmt::format("cannot stat {}", name));
    if (!S_ISREG(status.st_mode)) throw Error(Errc::invalid, "{} is not a regular file", name);
    return static_cast<std::uint64_t>(status.st_size);
}

void pwrite_all(int fd, Bytes bytes, std::uint64_t offset, std::string_view name) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0) {
            if (errno == EINTR) continue;
            throw_errno(errno, fmt::format("cannot write {}", name));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

void write_all(int fd, Bytes bytes, std::string_view name) {
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0) {
            if (errno == EINTR) continue;
            throw_errno(errno, fmt::format("cannot write {}", name));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

namespace {

std::size_t pread_some(int fd, std::span<std::byte> buffer, std::uint64_t offset,
                       std::string_view name) {
    for (;;) {
        const auto count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) throw_errno(errno, fmt::format("cannot read {}", name));
    }
}

}  // namespace

void pread_all(int fd, std::span<std::byte> buffer, std::uint64_t offset, std::string_view name) {
    while (!buffer.empty()) {
        const auto count = pread_some(fd, buffer, offset, name);
        if (count == 0)
            throw Error(Errc::integrity, "{} ends unexpectedly: the file is truncated", name);
        buffer = buffer.subspan(count);
        offset += count;
    }
}

std::string pread_text(int fd, std::uint64_t size, std::uint64_t offset, std::string_view name) {
    std::string text(size, '\0');
    pread_all(fd, std::as_writable_bytes(std::span(text)), offset, name);
    return text;
}

std::size_t FileRange::read(std::span<std::byte> buffer) {
    const auto rest = size_ - std::min(position_, size_);
    if (rest == 0) return 0;
    const auto wanted =
        buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest, buffer.size())));
    const auto count = pread_some(fd_, wanted, offset_ + position_, name_);
    if (count == 0)
        throw Error(Errc::integrity, "{} ends unexpectedly: the file is truncated", name_);
    position_ += count;
    return count;
}

void FileSink::write(Bytes bytes) {
    pwrite_all(fd_, bytes, offset_, name_);
    offset_ += bytes.size();
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
    const auto fd = open_file(path, O_RDONLY);
    // Not file_size(): /dev/stdin and process substitutions have no size.
    std::string text;
    std::vector<std::byte> buffer(64 * 1024);
    for (;;) {
        const auto count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw_errno(errno, fmt::format("cannot read {}", path.string()));
        if (count == 0) return text;
        text.append(as_text(Bytes(buffer).first(static_cast<std::size_t>(count))));
        if (text.size() > limit)
            throw Error(Errc::invalid, "{} is larger than {} bytes", path.string(), limit);
    }
}

std::optional<std::string> read_file_if_present(const std::filesystem::path& path,
                                                std::size_t limit) {
    try {
        return read_file(path, limit);
    } catch (const Error& error) {
        if (error.code() == Errc::not_found) return std::nullopt;
        throw;
    }
}

void fsync_or_throw(int fd, std::string_view name) {
    if (::fsync(fd) != 0) throw_errno(errno, fmt::format("cannot sync {} to disk", name));
}

void fsync_parent_directory(const std::filesystem::path& path) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const auto fd = open_file(parent, O_RDONLY | O_DIRECTORY);
    fsync_or_throw(fd.get(), parent.string());
}

void write_file_durably(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    auto temporary = path;
    temporary += fmt::format(".{}.tmp", ::getpid());
    try {
        // Always a new file: one that a crashed run left may be world-readable, and a symbolic link
        // points elsewhere.
        ::unlink(temporary.c_str());
        const auto fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
        write_all(fd.get(), as_bytes(content), temporary.string());
        fsync_or_throw(fd.get(), temporary.string());
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        const auto number = errno;
        ::unlink(temporary.c_str());
        throw_errno(number, fmt::format("cannot write {}", path.string()));
    }
    fsync_parent_directory(path);
}

void make_directories(const std::filesystem::path& path, mode_t mode) {
    std::error_code ignored;  // mkdir(2) reports whatever is wrong with the path
    if (path.empty() || std::filesystem::is_directory(path, ignored)) return;
    if (path.has_parent_path() && path.parent_path() != path)
        make_directories(path.parent_path(), mode);
    if (::mkdir(path.c_str(), mode) != 0) {
        const auto number = errno;
        if (number == EEXIST && std::filesystem::is_directory(path, ignored)) return;
        throw_errno(number, fmt::format("cannot create directory {}", path.string()));
    }
    fsync_parent_directory(path);
}

FileLock::FileLock(const std::filesystem::path& path, std::string_view hint)
    : fd_(open_file(path, O_RDWR | O_CREAT, 0600)) {
    for (int left = kLockAttempts; left > 0; --left) {
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return;
        if (errno != EWOULDBLOCK) throw_errno(errno, fmt::format("cannot lock {}", path.string()));
        std::this_thread::sleep_for(kLockPause);
    }
    throw Error(Errc::conflict, "{} is locked by another process", path.string())
        .set_hint(std::string(hint));
}

bool FileLock::is_held(const std::filesystem::path& path) {
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd) return false;
    return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::filesystem::path program_directory() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace airlock::base
