#include "base/file.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fcntl.h>

#include <algorithm>
#include <iterator>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;
namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
  protected:
    mode_t mode_of(const fs::path& path) const {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777U;
    }
    std::ptrdiff_t files() const {
        return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator());
    }

    test::TempFolder folder_;
};

TEST_F(FileTest, AnErrorOnOpeningNamesTheFile) {
    expect_error([&] { open_file(folder_ / "absent", O_RDONLY); }, Errc::not_found,
                 "cannot open " + (folder_ / "absent").string());
    expect_error([&] { open_file(folder_ / "a/b", O_WRONLY | O_CREAT); }, Errc::not_found,
                 "cannot write ");
}

TEST_F(FileTest, AFileInPlaceOfAParentDirectoryMeansAbsent) {
    folder_.write("file", "x");
    EXPECT_FALSE(read_file_if_present(folder_ / "file/config.json", 10).has_value());
}

TEST_F(FileTest, ReadsWithinItsLimit) {
    folder_.write("file", "12345");
    EXPECT_EQ(read_file(folder_ / "file", 5), "12345");
    expect_error([&] { read_file(folder_ / "file", 4); }, Errc::invalid, "file is larger than 4");
    expect_error([&] { read_file("/dev/zero", 1000); }, Errc::invalid, "/dev/zero is larger");
    expect_error([&] { read_file(folder_.path(), 4); }, Errc::io, "Is a directory");
    EXPECT_FALSE(read_file_if_present(folder_ / "absent", 5).has_value());
    EXPECT_EQ(read_file_if_present(folder_ / "file", 5), "12345");
}

TEST_F(FileTest, OnlyARegularFileHasASize) {
    const auto file = open_file(folder_.write("file", "12345"), O_RDONLY);
    EXPECT_EQ(file_size(file.get(), "file"), 5U);
    const auto directory = open_file(folder_.path(), O_RDONLY);
    expect_error([&] { file_size(directory.get(), "the bundle"); }, Errc::invalid,
                 "the bundle is not a regular file");
}

TEST_F(FileTest, WritesAndReadsInPlace) {
    const auto fd = open_file(folder_ / "file", O_RDWR | O_CREAT);
    pwrite_all(fd.get(), as_bytes("world"), 6, "file");
    pwrite_all(fd.get(), as_bytes("hello "), 0, "file");
    EXPECT_EQ(pread_text(fd.get(), 5, 6, "file"), "world");
    expect_error([&] { pread_text(fd.get(), 6, 6, "kit.tar"); }, Errc::integrity,
                 "kit.tar ends unexpectedly");
}

TEST_F(FileTest, AFullDiskIsReportedWithAHint) {
    const auto full = open_file("/dev/full", O_WRONLY);
    expect_error([&] { write_all(full.get(), as_bytes("x"), "kit.tar"); }, Errc::io,
                 "cannot write kit.tar: No space left on device", "free some space");
    FileSink sink(full.get(), 0, "kit.tar");
    expect_error([&] { sink.write(as_bytes("x")); }, Errc::io, "cannot write kit.tar: No space",
                 "free some space");
}

TEST_F(FileTest, ARangeIsReadInPlaceAndAgain) {
    const auto fd = open_file(folder_.write("file", "0123456789"), O_RDONLY);
    FileRange range(fd.get(), 2, 5, "file");
    EXPECT_EQ(range.size(), 5U);
    EXPECT_EQ(read_all(range, 100, "range"), "23456");
    range.rewind(3);
    EXPECT_EQ(read_all(range, 100, "range"), "56");
    FileRange cut(fd.get(), 8, 5, "kit.tar");
    expect_error([&] { read_all(cut, 100, "range"); }, Errc::integrity,
                 "kit.tar ends unexpectedly");
}

TEST_F(FileTest, SinksOfOneDescriptorAreIndependent) {
    const auto fd = open_file(folder_ / "file", O_RDWR | O_CREAT);
    FileSink front(fd.get(), 0, "file");
    FileSink back(fd.get(), 4, "file");
    back.write(as_bytes("ef"));
    front.write(as_bytes("ab"));
    back.write(as_bytes("gh"));
    front.write(as_bytes("cd"));
    EXPECT_EQ(folder_.read("file"), "abcdefgh");
}

TEST_F(FileTest, ADurableWriteReplacesTheFileAndLeavesNoTemporaryFile) {
    const auto path = folder_.write("journal", "old and longer");
    write_file_durably(path, "new", 0600);
    EXPECT_EQ(folder_.read("journal"), "new");
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, AFailedDurableWriteKeepsTheOldFileAndLeavesNoTemporaryFile) {
    // A directory cannot be replaced by a file: the rename fails after everything was written.
    fs::create_directories(folder_ / "taken/inside");
    EXPECT_EQ(error_of([&] { write_file_durably(folder_ / "taken", "new", 0600); }).value().code(),
              Errc::io);
    EXPECT_TRUE(fs::is_directory(folder_ / "taken/inside"));
    EXPECT_EQ(files(), 1);
    expect_error([&] { write_file_durably(folder_ / "absent/x", "new", 0600); }, Errc::not_found,
                 "absent/x");
}

TEST_F(FileTest, ADurableWriteReplacesAnExistingTemporaryFile) {
    // Left by a crashed run with the same process ID, or a symbolic link created by an attacker.
    const auto temporary = folder_ / ("secret." + std::to_string(::getpid()) + ".tmp");
    folder_.write("victim", "theirs");
    fs::create_symlink(folder_ / "victim", temporary);
    write_file_durably(folder_ / "secret", "new", 0600);
    EXPECT_EQ(folder_.read("victim"), "theirs");
    EXPECT_FALSE(fs::is_symlink(folder_ / "secret"));
    EXPECT_EQ(folder_.read("secret"), "new");

    folder_.write(temporary.filename().string(), "left over");
    ::chmod(temporary.c_str(), 0644);
    write_file_durably(folder_ / "secret", "newer", 0600);
    EXPECT_EQ(mode_of(folder_ / "secret"), 0600U);
}

TEST_F(FileTest, CreatesMissingDirectories) {
    make_directories(folder_ / "a/b/c", 0700);
    EXPECT_EQ(mode_of(folder_ / "a/b/c"), 0700U);
    make_directories(folder_ / "a/b/c", 0700);
    make_directories(folder_ / "a/b/d/", 0700);
    EXPECT_TRUE(fs::is_directory(folder_ / "a/b/d"));
}

TEST_F(FileTest, AFileInPlaceOfADirectoryIsAnError) {
    folder_.write("file", "x");
    EXPECT_THAT(error_of([&] { make_directories(folder_ / "file", 0700); }).value().what(),
                testing::HasSubstr("cannot create directory " + (folder_ / "file").string()));
    EXPECT_TRUE(error_of([&] { make_directories(folder_ / "file/below", 0700); }).has_value());
    EXPECT_TRUE(
        error_of([&] { make_directories(folder_ / std::string(300, 'x'), 0700); }).has_value());
}

TEST_F(FileTest, ALockIsExclusive) {
    EXPECT_FALSE(FileLock::is_held(folder_ / "lock"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "lock"));
    {
        const FileLock lock(folder_ / "lock", "unused");
        EXPECT_TRUE(FileLock::is_held(folder_ / "lock"));
        expect_error([&] { const FileLock second(folder_ / "lock", "wait for it"); },
                     Errc::conflict, "is locked by another process", "wait for it");
    }
    EXPECT_FALSE(FileLock::is_held(folder_ / "lock"));
    const FileLock again(folder_ / "lock", "unused");
    EXPECT_EQ(mode_of(folder_ / "lock"), 0600U);
}

TEST_F(FileTest, ADescriptorIsClosedOnce) {
    int number = -1;
    {
        UniqueFd first = open_file("/dev/null", O_RDONLY);
        number = first.get();
        UniqueFd second = std::move(first);
        EXPECT_EQ(second.get(), number);
        second = UniqueFd();
        EXPECT_EQ(::fcntl(number, F_GETFD), -1);
    }
    EXPECT_FALSE(UniqueFd());
}

}  // namespace
}  // namespace airlock::base
