#include "base/bytes.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace airlock::base {
namespace {

using test::expect_error;

TEST(StringSource, ReturnsItsTextInPiecesAndThenNothing) {
    StringSource source("abcde");
    std::string piece(2, '\0');
    std::string all;
    while (const auto count = source.read(std::as_writable_bytes(std::span(piece))))
        all += piece.substr(0, count);
    EXPECT_EQ(all, "abcde");
    EXPECT_EQ(source.read(std::as_writable_bytes(std::span(piece))), 0U);
}

TEST(StringSource, RewindsToAnOffset) {
    StringSource source("abcde");
    EXPECT_EQ(read_all(source, 10, "text"), "abcde");
    source.rewind(3);
    EXPECT_EQ(read_all(source, 10, "text"), "de");
    source.rewind(5);
    EXPECT_EQ(read_all(source, 10, "text"), "");
}

TEST(StringSink, AcceptsUpToItsLimitAndNamesWhatIsLarger) {
    StringSink sink(4, "the answer of x");
    sink.write(as_bytes("ab"));
    sink.write(as_bytes("cd"));
    EXPECT_EQ(sink.text(), "abcd");
    expect_error([&] { sink.write(as_bytes("e")); }, Errc::invalid,
                 "the answer of x is larger than 4 bytes");
    EXPECT_EQ(sink.text(), "abcd");
}

TEST(Copy, MovesMoreThanOneBuffer) {
    const std::string text(3 * kCopyBuffer + 17, 'x');
    StringSource source(text);
    StringSink sink(text.size(), "copy");
    EXPECT_EQ(copy(source, sink), text.size());
    EXPECT_EQ(sink.text(), text);
}

TEST(Copy, StopsOnRequest) {
    std::stop_source stop;
    stop.request_stop();
    StringSource source("abc");
    StringSink sink(10, "copy");
    expect_error([&] { copy(source, sink, stop.get_token()); }, Errc::cancelled, "cancelled");
    EXPECT_EQ(sink.text(), "");
}

TEST(ReadAll, RejectsMoreThanItsLimit) {
    StringSource source("abcde");
    expect_error([&] { read_all(source, 4, "the list"); }, Errc::invalid, "the list is larger");
}

}  // namespace
}  // namespace airlock::base
