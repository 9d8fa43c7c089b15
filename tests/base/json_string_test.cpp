#include "base/json_string.hpp"

#include "base/json.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

std::string json_string_of(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonString, EscapesQuotesBackslashesAndControlCharacters) {
    const struct {
        std::string_view text;
        const char* json;
    } rows[] = {
        {"", R"("")"},
        {"cpu", R"("cpu")"},
        {R"(say "hi")", R"("say \"hi\"")"},
        {R"(a\b)", R"("a\\b")"},
        {"a/b", R"("a/b")"},
        {"a\nb\tc", R"("a\u000ab\u0009c")"},
        {std::string_view("\0\x1f", 2), R"("\u0000\u001f")"},
        {"\x7f\xc3\xa9\xe4\xb8\xad", "\"\x7f\xc3\xa9\xe4\xb8\xad\""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(json_string_of(row.text), row.json);
}

TEST(JsonString, IsReadBackUnchanged) {
    std::string every_byte;
    for (int code = 0; code < 0x80; ++code)
        every_byte += static_cast<char>(code);
    EXPECT_EQ(parse_json(json_string_of(every_byte), "the text").get<std::string>(), every_byte);
}

TEST(JsonString, AppendsToWhatIsThere) {
    std::string out = "{";
    append_json_string(out, "a");
    EXPECT_EQ(out, "{\"a\"");
}

}  // namespace
}  // namespace airlock::base
