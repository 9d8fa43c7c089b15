#include "base/url.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;

TEST(ParseUrl, MakesDefaultsExplicit) {
    struct Row {
        std::string text;
        std::string origin;
        std::string port;
        std::string path;
        std::string query;
    };
    const std::vector<Row> rows{
        {"https://r.io", "https://r.io", "443", "/", ""},
        {"http://r.io", "http://r.io", "80", "/", ""},
        {"HTTPS://r.io:443/v2/?a=b&c=%20", "https://r.io", "443", "/v2/", "a=b&c=%20"},
        {"https://localhost:5000/x#fragment", "https://localhost:5000", "5000", "/x", ""},
        {"http://[::1]:8080/", "http://[::1]:8080", "8080", "/", ""},
        {"http://r.io:443/", "http://r.io:443", "443", "/", ""},
        {"https://user:secret@r.io/", "https://r.io", "443", "/", ""},
    };
    for (const auto& row : rows) {
        const auto url = parse_url(row.text);
        EXPECT_EQ(url.origin(), row.origin) << row.text;
        EXPECT_EQ(url.port, row.port) << row.text;
        EXPECT_EQ(url.path, row.path) << row.text;
        EXPECT_EQ(url.query, row.query) << row.text;
    }
}

TEST(ParseUrl, RejectsInvalidUrlsAndOtherSchemes) {
    for (const std::string bad :
         {"", "r.io/x", "//r.io", "ftp://r.io/", "file:///etc/passwd", "https://",
          "https://r.io:99999/", "https://r.io:x/", "https://a b/", "https://r.io/\r\nX: y"}) {
        EXPECT_EQ(error_of([&] { parse_url(bad); }).value().code(), Errc::invalid) << bad;
    }
    expect_error([] { parse_url(std::string_view("https://r.io\0.evil/", 19)); }, Errc::invalid,
                 "NUL byte");
}

TEST(ParseUrl, AnErrorDoesNotShowThePassword) {
    const auto error = error_of([] { parse_url("ftp://user:secret@r.io/?token=secret"); });
    EXPECT_THAT(error.value().what(), testing::Not(testing::HasSubstr("secret")));
    EXPECT_THAT(error.value().what(), testing::HasSubstr("ftp://r.io/"));
}

TEST(ResolveUrl, ResolvesRelativeLocations) {
    const std::string base = "https://r.io:5000/v2/x/blobs/uploads/?q=1";
    EXPECT_EQ(resolve_url(base, "/v2/x/1?_state=a"), "https://r.io:5000/v2/x/1?_state=a");
    EXPECT_EQ(resolve_url(base, "1?_state=a"), "https://r.io:5000/v2/x/blobs/uploads/1?_state=a");
    EXPECT_EQ(resolve_url(base, "../1"), "https://r.io:5000/v2/x/blobs/1");
    EXPECT_EQ(resolve_url(base, "https://cdn.io/1"), "https://cdn.io/1");
    EXPECT_EQ(error_of([&] { resolve_url(base, "nonsense://r.io/"); }).value().code(),
              Errc::invalid);
}

TEST(PercentEncode, KeepsUnreservedCharactersOnly) {
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("a/b:c d+e%&="), "a%2Fb%3Ac%20d%2Be%25%26%3D");
    EXPECT_EQ(percent_encode("\xc3\xa4"), "%C3%A4");
}

TEST(WithQuery, AppendsToTheQuery) {
    EXPECT_EQ(with_query("https://r.io/", "digest", "sha256:a"), "https://r.io/?digest=sha256%3Aa");
    EXPECT_EQ(with_query("https://r.io/?a=b", "c", "d e"), "https://r.io/?a=b&c=d%20e");
}

}  // namespace
}  // namespace airlock::base
