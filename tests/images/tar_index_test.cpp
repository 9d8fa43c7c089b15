#include "images/tar_index.hpp"

#include "tests/support/expect_error.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tar_text.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>

namespace airlock::images {
namespace {

using base::Errc;
using test::TarText;

class TarIndexTest : public testing::Test {
  protected:
    TarIndex index(std::string_view text) {
        const auto path = folder_.write("a.tar", text);
        fd_ = base::open_file(path, O_RDONLY);
        return TarIndex::read(fd_.get(), "a.tar");
    }
    // The content of the entry, or "absent".
    std::string content(const TarIndex& from, std::string_view path) const {
        const auto place = from.find(path);
        return place ? base::pread_text(fd_.get(), place->size, place->offset, "a.tar") : "absent";
    }

    test::TempFolder folder_;
    base::UniqueFd fd_;
};

TEST_F(TarIndexTest, FindsEachFileInPlace) {
    const auto got = index(TarText()
                               .add("a", "one")
                               .add("dir/", "", '5')
                               .add("dir/b", std::string(600, 'b'))
                               .closed());
    EXPECT_EQ(content(got, "a"), "one");
    EXPECT_EQ(content(got, "dir/b"), std::string(600, 'b'));
    EXPECT_EQ(content(got, "dir"), "absent");
    EXPECT_EQ(content(got, "c"), "absent");
}

TEST_F(TarIndexTest, ReadsWhatTarWritesInEveryFormat) {
    const std::string longer = "deep/" + std::string(90, 'd') + "/" + std::string(90, 'f');
    folder_.write("in/small", "s");
    for (const std::string format : {"v7", "ustar", "gnu", "pax"}) {
        if (format != "v7") folder_.write("in/" + longer, "long name");
        const auto tar = (folder_ / "out.tar").string();
        test::run({"tar", "-C", (folder_ / "in").string(), "--format=" + format, "-cf", tar, "."});
        const auto got = index(folder_.read("out.tar"));
        EXPECT_EQ(content(got, "small"), "s") << format;
        EXPECT_EQ(content(got, longer), format == "v7" ? "absent" : "long name") << format;
    }
}

TEST_F(TarIndexTest, ReadsASizeThatIsBinaryOrFromAPaxHeader) {
    std::string binary("\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
    EXPECT_EQ(content(index(TarText().add("a", "abc", '0', {}, binary).closed()), "a"), "abc");
    const auto pax = TarText().pax("size", "3").add("a", "abc", '0', {}, "00000000000");
    EXPECT_EQ(content(index(pax.closed()), "a"), "abc");
}

TEST_F(TarIndexTest, ResolvesLinksWithinTheArchiveOnly) {
    const auto got = index(TarText()
                               .add("x/layer.tar", "bytes")
                               .add("y/layer.tar", "", '2', "../x/layer.tar")
                               .add("hard", "", '1', "x/layer.tar")
                               .add("out", "", '2', "../../etc/passwd")
                               .add("absolute", "", '2', "/etc/passwd")
                               .add("self", "", '2', "self")
                               .add("nowhere", "", '2', "gone")
                               .closed());
    EXPECT_EQ(content(got, "y/layer.tar"), "bytes");
    EXPECT_EQ(content(got, "hard"), "bytes");
    for (const auto* name : {"out", "absolute", "self", "nowhere"})
        EXPECT_EQ(content(got, name), "absent") << name;
}

TEST_F(TarIndexTest, IgnoresNamesOutsideTheArchive) {
    const auto got = index(TarText()
                               .add("/etc/passwd", "a")
                               .add("../up", "b")
                               .add("x/../y", "c")
                               .add("./ok", "d")
                               .closed());
    for (const auto* name : {"/etc/passwd", "etc/passwd", "../up", "up", "x/../y", "y"})
        EXPECT_EQ(content(got, name), "absent") << name;
    EXPECT_EQ(content(got, "ok"), "d");
}

TEST_F(TarIndexTest, ContainsRegularFilesOnly) {
    const auto got =
        index(TarText().add("fifo", "", '6').add("device", "", '3').add("real", "r").closed());
    EXPECT_EQ(content(got, "fifo"), "absent");
    EXPECT_EQ(content(got, "device"), "absent");
    EXPECT_EQ(content(got, "real"), "r");
}

TEST_F(TarIndexTest, RejectsLookingUpADuplicateName) {
    const auto got = index(TarText().add("a", "1").add("./a", "2").add("b", "3").closed());
    EXPECT_EQ(content(got, "b"), "3");
    test::expect_error([&] { return got.find("a"); }, Errc::invalid, "a.tar: duplicate entry a");
}

TEST_F(TarIndexTest, MayEndWithoutZeroBlocks) {
    EXPECT_EQ(content(index(TarText().add("a", "1").text), "a"), "1");
}

struct Bad {
    std::string name;
    std::string text;
    std::string says;
    Errc code = Errc::invalid;
};
std::ostream& operator<<(std::ostream& out, const Bad& row) {
    return out << row.name;
}

class TarIndexRejects : public TarIndexTest, public testing::WithParamInterface<Bad> {};

TEST_P(TarIndexRejects, WithTheFileAndTheReason) {
    const auto& row = GetParam();
    test::expect_error([&] { return index(row.text); }, row.code, row.says);
}

std::string damaged() {
    auto text = TarText().add("a", "1").add("b", "2").closed();
    text[2 * base::kTarBlock + 3] = 'x';
    return text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TarIndexRejects,
    testing::Values(
        Bad{"Empty", "", "too short"}, Bad{"Short", "hello", "too short"},
        Bad{"Text", std::string(2000, 'a'), "is not a tar archive"},
        Bad{"Zeros", std::string(2048, '\0'), "is not a tar archive"},
        Bad{"Gzip", "\x1f\x8b" + std::string(600, 'x'), "compressed (gzip)", Errc::unsupported},
        Bad{"Zstd", "\x28\xb5\x2f\xfd" + std::string(600, 'x'), "compressed (zstd)",
            Errc::unsupported},
        Bad{"DamagedHeader", damaged(), "a header is corrupt (at byte 1024)"},
        Bad{"CutInABody", TarText().add("a", std::string(5000, 'a')).text.substr(0, 3000),
            "the entry a has 5000 bytes, but the file ends before"},
        Bad{"CutInAHeader", TarText().add("a", "").add("b", "").text.substr(0, 700),
            "in the middle of a header"},
        Bad{"HugeOctal", TarText().add("a", "1", '0', {}, "77777777777").closed(),
            "it is truncated"},
        Bad{"HugeBinary",
            TarText()
                .add("a", "1", '0', {},
                     std::string("\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff", 12))
                .closed(),
            "it is truncated"},
        Bad{"BeyondEverySize", TarText().add("a", "1", '0', {}, std::string(12, '\xff')).closed(),
            "not a valid number"},
        Bad{"HugePaxSize", TarText().pax("size", "18446744073709551615").add("a", "1").closed(),
            "it is truncated"},
        Bad{"PaxSizeOfLetters", TarText().pax("size", "12x").add("a", "1").closed(),
            "extended header is corrupt"},
        Bad{"PaxLengthBeyond", TarText().add("pax", "999 path=a\n", 'x').closed(),
            "extended header is corrupt"},
        Bad{"PaxWithoutEquals", TarText().add("pax", "8 path\n\n", 'x').closed(),
            "extended header is corrupt"},
        Bad{"HugeExtension", TarText().add("pax", std::string(2'000'000, 'a'), 'x').closed(),
            "too large"},
        Bad{"GlobalPath", TarText().pax("path", "x", 'g').add("a", "1").closed(), "global header"},
        Bad{"Sparse", TarText().add("a", "", 'S').closed(), "sparse", Errc::unsupported},
        Bad{"PaxSparse", TarText().pax("GNU.sparse.major", "1").add("a", "1").closed(), "sparse",
            Errc::unsupported}),
    [](const auto& row) { return row.param.name; });

TEST(PlainPath, AcceptsRelativePathsWithinTheDirectory) {
    EXPECT_EQ(plain_path("./a//b/./c"), "a/b/c");
    for (const auto* path : {"", "/", ".", "/a", "..", "../a", "a/..", "a/../b", "a/b/.."})
        EXPECT_FALSE(plain_path(path)) << path;
    EXPECT_EQ(plain_path("a..b/..c"), "a..b/..c");
}

}  // namespace
}  // namespace airlock::images
