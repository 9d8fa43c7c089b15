#include "base/error.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;

TEST(Error, HasItsContextOutermostFirst) {
    Error error(Errc::network, "no answer from {}", "x");
    error.add_context("blob 1").add_context("image a").set_hint("try later");
    EXPECT_STREQ(error.what(), "image a: blob 1: no answer from x");
    EXPECT_EQ(error.message(), "no answer from x");
    EXPECT_EQ(error.context(), (std::vector<std::string>{"image a", "blob 1"}));
    EXPECT_EQ(error.hint(), "try later");
}

TEST(Error, WithoutArgumentsKeepsBraces) {
    EXPECT_STREQ(Error(Errc::invalid, "a {} in a {message").what(), "a {} in a {message");
}

TEST(Error, EscapesControlCharacters) {
    const std::string bad("a\0b\x1b[2Jc\rd\x7f\te\n", 14);
    Error error(Errc::remote, "it said {}", bad);
    error.add_context("\x1b[1m");
    EXPECT_STREQ(error.what(), "?[1m: it said a?b?[2Jc?d?\te\n");
}

TEST(Error, OnlyTemporaryFailuresAreTransient) {
    const std::set<Errc> passing{Errc::network, Errc::unavailable, Errc::timeout};
    std::set<std::string_view> names;
    for (int code = 0; code <= static_cast<int>(Errc::internal); ++code) {
        const Error error(static_cast<Errc>(code), "x");
        EXPECT_EQ(error.transient(), passing.contains(error.code())) << to_string(error.code());
        names.insert(to_string(error.code()));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::internal) + 1) << "two share a name";
}

TEST(Error, WithContextAddsContext) {
    EXPECT_EQ(with_context("outer", [] { return 7; }), 7);
    expect_error([] { with_context("outer", [] { throw Error(Errc::io, "inner"); }); }, Errc::io,
                 "outer: inner");
}

TEST(Error, ThrowErrnoMapsErrorNumbers) {
    struct Row {
        int number;
        Errc code;
        std::string text;
        std::string hint;
    };
    const std::vector<Row> rows{
        {ENOENT, Errc::not_found, "f: No such file or directory", ""},
        {ENOTDIR, Errc::not_found, "f: Not a directory", ""},
        {EACCES, Errc::denied, "f: Permission denied", ""},
        {EPERM, Errc::denied, "f: Operation not permitted", ""},
        {ENOSPC, Errc::io, "f: No space left on device", "free some space"},
        {EDQUOT, Errc::io, "f: Disk quota exceeded", "free some space"},
        {EROFS, Errc::io, "f: Read-only file system", "read-only"},
        {EIO, Errc::io, "f: Input/output error", ""},
    };
    for (const auto& row : rows)
        expect_error([&] { throw_errno(row.number, "f"); }, row.code, row.text, row.hint);
}

TEST(Problems, ListsThemAllInOneError) {
    throw_if_any(Errc::invalid, "nothing is wrong", {});
    const auto error = error_of([] {
        throw_if_any(Errc::invalid, "2 things are wrong",
                     {{.where = "a.yaml:3", .message = "no image", .hint = {}},
                      {.where = "b.yaml:9", .message = "no name", .hint = "give it one"}});
    });
    ASSERT_TRUE(error.has_value());
    EXPECT_STREQ(error->what(), "2 things are wrong\n  a.yaml:3: no image\n  b.yaml:9: no name");
    EXPECT_EQ(error->hint(), "give it one");
}

}  // namespace
}  // namespace airlock::base
