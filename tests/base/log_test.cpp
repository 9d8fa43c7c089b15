#include "base/log.hpp"

#include "base/json.hpp"
#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::base {
namespace {

using test::expect_error;

TEST(Redact, RemovesCredentials) {
    struct Row {
        std::string url;
        std::string shown;
    };
    const std::vector<Row> rows{
        {"https://r.io/v2/x/blobs/uploads/1?_state=secret", "https://r.io/v2/x/blobs/uploads/1"},
        {"https://user:secret@r.io/v2/", "https://r.io/v2/"},
        {"https://secret@r.io", "https://r.io"},
        {"https://user:se@cret@r.io/v2/", "https://r.io/v2/"},
        {"https://r.io/a@b", "https://r.io/a@b"},
        {"https://user:secret@r.io/a@b#secret", "https://r.io/a@b"},
        {"https://r.io:5000?token=secret", "https://r.io:5000"},
        {"https://user:secret?@r.io/v2/", "https://r.io/v2/"},
        {"https://user:#secret@r.io/v2/", "https://r.io/v2/"},
        {"no url", "no url"},
        {"", ""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(redact(row.url), row.shown) << row.url;
}

TEST(Printable, KeepsTextAndEscapesControlCharacters) {
    struct Row {
        std::string text;
        std::string shown;
    };
    const std::vector<Row> rows{
        {"two\nlines\tand a tab", "two\nlines\tand a tab"},
        {"\xe5\xae\x89 \xc3\x9b", "\xe5\xae\x89 \xc3\x9b"},
        {"\x1b[2J", "\\x1b[2J"},
        {"a\rb\x7f", "a\\x0db\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\x9b2J"},
        {"\xc2", "\xc2"},
        {"\xc2 A\xc2\n", "\xc2 A\xc2\n"},
        {std::string("\0", 1), "\\x00"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(printable(row.text), row.shown);
}

TEST(Log, ParsesLevelsAndFormats) {
    EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
    EXPECT_EQ(parse_log_level("off"), LogLevel::off);
    EXPECT_EQ(parse_log_format("json"), LogFormat::json);
    expect_error([] { parse_log_level("loud"); }, Errc::usage, "\"loud\": must be debug");
    expect_error([] { parse_log_format("xml"); }, Errc::usage, "\"xml\": must be text");
}

TEST(Log, GoesToStandardErrorFromItsLevel) {
    init_logging(LogLevel::warn, LogFormat::text);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    log_info("not {}", "this");
    log_warn("but {}", "that");
    const auto lines = testing::internal::GetCapturedStderr();
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_THAT(lines, testing::HasSubstr("but that"));
    EXPECT_THAT(lines, testing::Not(testing::HasSubstr("not this")));
    EXPECT_FALSE(log_enabled(LogLevel::info));
}

TEST(Log, AJsonLineIsOneObjectForAnyText) {
    init_logging(LogLevel::info, LogFormat::json);
    testing::internal::CaptureStderr();
    log_info("a \"quoted\" {} \xff", "two\nlines %v");
    const auto line = testing::internal::GetCapturedStderr();
    const auto json = parse_json(line, "the line");
    EXPECT_EQ(json.at("message"), "a \"quoted\" two\nlines %v \xef\xbf\xbd");
    EXPECT_EQ(json.at("level"), "info");
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

}  // namespace
}  // namespace airlock::base
