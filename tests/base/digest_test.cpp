#include "base/digest.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;

// The example in FIPS 180-4.
constexpr std::string_view kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, MatchesKnownValues) {
    EXPECT_EQ(sha256("abc").text(), kAbc);
    EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    Hasher hasher("sha512");
    hasher.update(as_bytes("a"));
    hasher.update(as_bytes("bc"));
    const auto digest = hasher.finish();
    EXPECT_EQ(digest.algorithm(), "sha512");
    EXPECT_EQ(digest.short_hex(), "ddaf35a19361");
}

TEST(Digest, ParsesWhatItPrints) {
    const auto digest = Digest::parse(kAbc);
    EXPECT_EQ(digest, sha256("abc"));
    EXPECT_EQ(digest.algorithm(), "sha256");
    EXPECT_EQ(digest.hex().size(), 64U);
    EXPECT_EQ(digest.short_hex(), "ba7816bf8f01");
    EXPECT_EQ(Digest::parse("sha512:" + std::string(128, 'a')).hex().size(), 128U);
}

TEST(Digest, RejectsInvalidDigests) {
    const std::string hex(64, 'a');
    const std::vector<std::string> bad{"",
                                       "sha256",
                                       "sha256:",
                                       hex,
                                       "sha256:" + hex + "a",
                                       "sha256:" + hex.substr(1),
                                       "sha256:" + std::string(64, 'A'),
                                       "sha256:" + hex.substr(1) + "g",
                                       "sha512:" + hex,
                                       "md5:" + hex,
                                       "SHA256:" + hex,
                                       " sha256:" + hex,
                                       "sha256:" + hex.substr(3) + "../",
                                       "sha256:" + hex + std::string(1, '\0')};
    for (const auto& text : bad)
        EXPECT_EQ(error_of([&] { Digest::parse(text); }).value().code(), Errc::invalid) << text;
}

TEST(Digest, AnErrorTruncatesALongText) {
    const auto error = error_of([] { Digest::parse(std::string(1U << 20U, 'x')); });
    EXPECT_LT(error.value().message().size(), 400U);
}

struct Delivery {
    std::string name;
    std::string content;
    std::uint64_t size;
    std::string digest_of;
    std::string error;  // empty: valid
};

const std::vector<Delivery>& deliveries() {
    static const std::vector<Delivery> kRows{
        {"right", "hello", 5, "hello", ""},
        {"empty and right", "", 0, "", ""},
        {"too short", "hell", 5, "hello", "expected 5 bytes, got 4"},
        {"nothing came", "", 5, "hello", "expected 5 bytes, got 0"},
        {"too long", "hello!", 5, "hello", "expected 5 bytes, got more"},
        {"none were promised", "x", 0, "", "expected 0 bytes, got more"},
        {"other bytes", "jello", 5, "hello", "digest mismatch: expected sha256:"},
    };
    return kRows;
}

TEST(VerifyingSource, PassesTheExpectedContentOnly) {
    for (const auto& row : deliveries()) {
        SCOPED_TRACE(row.name);
        StringSource bytes(row.content);
        VerifyingSource source(bytes, row.size, sha256(row.digest_of), "blob x");
        const auto error = error_of([&] { EXPECT_EQ(read_all(source, 100, "it"), row.content); });
        ASSERT_EQ(error.has_value(), !row.error.empty());
        if (!error) continue;
        EXPECT_EQ(error->code(), Errc::integrity);
        EXPECT_THAT(error->what(), testing::HasSubstr("blob x: " + row.error));
    }
}

TEST(VerifyingSource, ReturnsNothingAfterItsEnd) {
    StringSource bytes("a");
    VerifyingSource source(bytes, 1, sha256("a"), "blob");
    EXPECT_EQ(read_all(source, 10, "it"), "a");
    EXPECT_EQ(read_all(source, 10, "it"), "");
}

TEST(VerifyingSink, PassesTheExpectedContentOnly) {
    for (const auto& row : deliveries()) {
        SCOPED_TRACE(row.name);
        StringSink kept(100, "kept");
        VerifyingSink sink(kept, row.size, sha256(row.digest_of), "blob x");
        const auto error = error_of([&] {
            for (const auto& byte : row.content)
                sink.write(as_bytes({&byte, 1}));
            sink.finish();
        });
        ASSERT_EQ(error.has_value(), !row.error.empty());
        // Excess bytes are never passed on.
        EXPECT_LE(kept.text().size(), row.size);
        if (!error) continue;
        EXPECT_EQ(error->code(), Errc::integrity);
        EXPECT_THAT(error->what(), testing::HasSubstr("blob x: " + row.error));
    }
}

TEST(VerifyingSink, CountsBytesThatAreAlreadyAtTheDestination) {
    StringSink kept(100, "kept");
    VerifyingSink sink(kept, 5, sha256("hello"), "blob");
    sink.account(as_bytes("hel"));
    EXPECT_EQ(sink.seen(), 3U);
    sink.write(as_bytes("lo"));
    sink.finish();
    EXPECT_EQ(kept.text(), "lo");
}

}  // namespace
}  // namespace airlock::base
