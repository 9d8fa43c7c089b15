#include "base/archive.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace airlock::base {
namespace {

// The checksum is in bytes 148 to 155; these count as spaces.
void set_checksum(std::string& block) {
    block.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (const char c : block)
        sum += static_cast<unsigned char>(c);
    block.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
}

TEST(TarSizes, CountHeaderAndPadding) {
    EXPECT_EQ(tar_padding(0), 0U);
    EXPECT_EQ(tar_padding(1), 511U);
    EXPECT_EQ(tar_padding(512), 0U);
    EXPECT_EQ(tar_footprint(0), 512U);
    EXPECT_EQ(tar_footprint(513), 512U + 1024U);
}

TEST(TarHeader, IsReadAsItWasWritten) {
    const std::vector<TarEntry> entries{
        {.path = "index.json", .size = 1, .mode = 0644},
        {.path = "empty", .size = 0, .mode = 0644},
        {.path = "airlock-installer", .size = 9'000'000, .mode = 0755},
        {.path = std::string(100, 'a'), .size = 5, .mode = 0600},
        {.path = "blobs/sha256/" + std::string(64, 'f'), .size = std::uint64_t{8} << 30U},
        // 8 GiB and more do not fit in the octal field: GNU's base 256
        {.path = "large", .size = (std::uint64_t{1} << 40U) + 7},
    };
    for (const auto& entry : entries) {
        const auto block = tar_header(entry);
        EXPECT_EQ(block.size(), kTarBlock);
        const auto read = read_tar_header(block);
        ASSERT_TRUE(read.has_value()) << entry.path;
        EXPECT_EQ(read->path, entry.path);
        EXPECT_EQ(read->size, entry.size);
        EXPECT_EQ(read->mode, entry.mode);
    }
}

TEST(TarHeader, IsTheSameEveryTime) {
    const TarEntry entry{.path = "oci-layout", .size = 30};
    EXPECT_EQ(tar_header(entry), tar_header(entry));
    EXPECT_EQ(tar_header(entry).substr(136, 11), "00000000000") << "the time is not 0";
}

TEST(TarHeader, RejectsAPathThatNeedsASecondBlock) {
    EXPECT_THROW(tar_header({.path = std::string(101, 'a'), .size = 1}), Error);
}

TEST(TarHeader, IsReadByTar) {
    const test::TempFolder folder;
    const std::string content = "hello\n";
    folder.write("x.tar", tar_header({.path = "a/b", .size = content.size()}) + content +
                              std::string(tar_padding(content.size()) + kTarEnd, '\0'));
    EXPECT_EQ(test::run({"tar", "-xOf", folder / "x.tar", "a/b"}), content);
    EXPECT_THAT(test::run({"tar", "--numeric-owner", "-tvf", folder / "x.tar"}),
                testing::HasSubstr("-rw-r--r-- 0/0"));
}

TEST(TarHeader, IsNothingUnlessItIsARegularFile) {
    const auto good = tar_header({.path = "file", .size = 3});
    // hard link, symbolic link, devices, directory, FIFO; long names and attributes of the next
    // entry
    for (const char type : std::string("123456LKxgS")) {
        auto block = good;
        block[156] = type;
        if (type == '1' || type == '2') block.replace(157, 4, "else");
        set_checksum(block);
        EXPECT_FALSE(read_tar_header(block).has_value()) << type;
    }
    auto sparse = good;
    sparse.replace(483, 12, "000000001000");
    set_checksum(sparse);
    EXPECT_FALSE(read_tar_header(sparse).has_value()) << "the real size of a sparse file";
    auto same = good;
    set_checksum(same);
    EXPECT_EQ(same, good) << "set_checksum() is wrong";
}

TEST(TarHeader, IsNothingWhenCorrupt) {
    const auto good = tar_header({.path = "file", .size = 3});
    EXPECT_FALSE(read_tar_header(std::string(kTarBlock, '\0')).has_value());
    EXPECT_FALSE(read_tar_header(std::string(kTarBlock, '\xff')).has_value());
    EXPECT_FALSE(read_tar_header("").has_value());
    EXPECT_FALSE(read_tar_header(std::string_view(good).substr(0, 511)).has_value());
    for (std::size_t i = 0; i < 345; ++i) {
        if (i >= 148 && i < 156) continue;  // the checksum may be written in several ways
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_FALSE(read_tar_header(bad).has_value()) << "byte " << i;
    }
    // A size that is negative, in base 256
    auto negative = good;
    negative.replace(124, 12, 12, '\xff');
    set_checksum(negative);
    EXPECT_FALSE(read_tar_header(negative).has_value());
}

TEST(MakeTar, IsTheSameWhateverTheOrder) {
    const TarFile app{.path = "usr/bin/app", .content = std::string(100'000, 'x')};
    const TarFile settings{.path = "etc/app.conf", .content = "a=b\n", .mode = 0644};
    const auto one = make_tar_gzip({app, settings});
    EXPECT_EQ(one, make_tar_gzip({settings, app}));
    EXPECT_EQ(make_tar({app, settings}), make_tar({settings, app}));
    EXPECT_EQ(one.substr(4, 4), std::string(4, '\0')) << "gzip's time is not 0";
    EXPECT_NE(make_tar({app}), make_tar({app, settings}));
}

TEST(MakeTar, IsReadByTar) {
    const test::TempFolder folder;
    const auto long_name = "opt/" + std::string(150, 'n') + "/" + std::string(120, 'm');
    const auto archive = make_tar_gzip({{.path = "usr/bin/app", .content = "binary", .mode = 0755},
                                        {.path = "usr/bin/other", .content = ""},
                                        {.path = "etc/\xc3\xa4", .content = "umlaut", .mode = 0644},
                                        {.path = long_name, .content = "deep", .mode = 0640}});
    folder.write("archive.tar.gz", archive);
    EXPECT_EQ(test::run({"tar", "-xzOf", folder / "archive.tar.gz", "usr/bin/app"}), "binary");
    EXPECT_EQ(test::run({"tar", "-xzOf", folder / "archive.tar.gz", long_name}), "deep");
    EXPECT_EQ(test::run({"tar", "-xzOf", folder / "archive.tar.gz", "etc/\xc3\xa4"}), "umlaut");
    const auto list = test::run({"tar", "--numeric-owner", "-tvzf", folder / "archive.tar.gz"});
    EXPECT_THAT(list, testing::ContainsRegex("drwxr-xr-x 0/0 +0 1970-01-01 [0-9:]+ usr/bin/\n"));
    EXPECT_THAT(list, testing::ContainsRegex("-rw-r----- 0/0 +4 1970-01-01"));
    EXPECT_THAT(list, testing::HasSubstr("usr/\n"));
}

}  // namespace
}  // namespace airlock::base
