#include "bundler/output_file.hpp"

#include "base/error.hpp"
#include "base/human_size.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace airlock::bundler {

using base::Errc;
using base::Error;

namespace {

constexpr std::uint64_t kStatBlock = 512;  // the unit of st_blocks on every file system

std::string exact(std::uint64_t bytes) {
    return fmt::format("{} ({} bytes)", base::human_size(bytes), bytes);
}

struct stat status_of(int fd, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) base::throw_errno(errno, "cannot stat " + path.string());
    return status;
}

// The disk space that the file still needs; blocks from an earlier run are already allocated.
std::uint64_t missing(int fd, std::uint64_t size, const std::filesystem::path& path) {
    const auto has = static_cast<std::uint64_t>(status_of(fd, path).st_blocks) * kStatBlock;
    return size > has ? size - has : 0;
}

std::uint64_t free_bytes(int fd, const std::filesystem::path& path) {
    struct statvfs status {};
    if (::fstatvfs(fd, &status) != 0)
        base::throw_errno(errno, "cannot stat the file system of " + path.string());
    return status.f_bavail * status.f_frsize;
}

[[noreturn]] void throw_no_room(int fd, std::uint64_t size, const std::filesystem::path& path,
                                int error_number) {
    throw Error(Errc::io, "{}: {}: the bundle needs {} more, but only {} are available",
                path.string(), base::errno_text(error_number), exact(missing(fd, size, path)),
                exact(free_bytes(fd, path)))
        .set_hint(
            "free some space on that file system, or choose another one with -o, then run the same command again");
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code ignored;
    // A rename would replace the link itself.
    if (std::filesystem::is_symlink(path_, ignored))
        path_ = std::filesystem::weakly_canonical(path_);
    const auto status = std::filesystem::status(path_, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        throw Error(Errc::usage, "{} is {}; the output must be a regular file", path_.string(),
                    std::filesystem::is_directory(status) ? "a directory" : "not a regular file")
            .set_hint(std::filesystem::is_directory(status) ? "specify a file: -o DIRECTORY/kit.tar"
                                                            : "specify a file: -o kit.tar");
    }
    const auto parent = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    if (!std::filesystem::is_directory(parent, ignored)) {
        throw Error(Errc::not_found, "cannot write {}: the directory {} does not exist",
                    path_.string(), parent.string())
            .set_hint("create the directory, or choose another one with -o");
    }
    base::with_context(path_.string(), [&] {
        while (!lock()) {
        }
    });
}

// The previous holder unlinks the lock file. A process that had opened it before and locks it
// afterwards holds a lock that no other process can see, so it tries again.
bool OutputFile::lock() {
    const auto path = beside(".partial.lock");
    lock_ = base::open_file(path, O_RDWR | O_CREAT, 0600);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) base::throw_errno(errno, "cannot lock " + path.string());
        throw Error(Errc::conflict, "another build is writing it")
            .set_hint("wait for that build, or write to another file");
    }
    struct stat there {};
    const auto held = status_of(lock_.get(), path);
    return ::stat(path.c_str(), &there) == 0 && there.st_ino == held.st_ino &&
           there.st_dev == held.st_dev;
}

OutputFile::~OutputFile() {
    if (lock_) ::unlink(beside(".partial.lock").c_str());
}

std::filesystem::path OutputFile::beside(std::string_view suffix) const {
    auto out = path_;
    out += suffix;
    return out;
}

void reserve(int fd, std::uint64_t size, const std::filesystem::path& path) {
    // Not every file system can allocate; the available space is known for all of them.
    if (missing(fd, size, path) > free_bytes(fd, path)) throw_no_room(fd, size, path, ENOSPC);
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) {
        if (errno == EFBIG) throw_no_room(fd, size, path, errno);
        base::throw_errno(errno, "cannot extend " + path.string());
    }
    if (::fallocate(fd, 0, 0, static_cast<off_t>(size)) != 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        throw_no_room(fd, size, path, errno);
}

}  // namespace airlock::bundler
