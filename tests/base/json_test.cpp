#include "base/json.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

namespace airlock::base {
namespace {

using test::error_of;
using test::expect_error;

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(ParseJson, AcceptsAsManyLevelsAsAllowed) {
    EXPECT_TRUE(parse_json(nested(kMaxJsonDepth), "x").is_array());
    EXPECT_TRUE(parse_json(R"([{"a":[1]},{"a":[2]}])", "x", 3).is_array());
    expect_error([] { parse_json(nested(kMaxJsonDepth + 1), "the lock"); }, Errc::invalid,
                 "the lock is nested deeper than 100 levels");
    expect_error([] { parse_json(R"({"a":{"b":{}}})", "x", 2); }, Errc::invalid, "deeper than 2");
}

TEST(ParseJson, RejectsAMillionBrackets) {
    expect_error([] { parse_json(std::string(1'000'000, '['), "x"); }, Errc::invalid, "deeper");
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += R"({"a":)";
    expect_error([&] { parse_json(objects, "x"); }, Errc::invalid, "deeper");
}

TEST(ParseJson, RejectsInvalidJson) {
    for (const std::string bad :
         {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "{} {}", "\"\xff\"", "\"a\nb\"", "1e999",
          "-", "01", "'a'", "\xef\xbb\xbf", "// c\n1"}) {
        expect_error([&] { parse_json(bad, "the answer"); }, Errc::invalid,
                     "the answer is not valid JSON: ");
    }
}

TEST(ParseJson, AnErrorHasTheLineButNotTheWholeText) {
    const auto error = error_of([] { parse_json("{\n\"a\": tru }", "x"); });
    EXPECT_THAT(error.value().what(), testing::HasSubstr("line 2"));
    EXPECT_THAT(error.value().what(), testing::Not(testing::HasSubstr("json.exception")));
    const auto large = error_of([] { parse_json("\"" + std::string(1U << 20U, 'x'), "x"); });
    EXPECT_LT(std::string_view(large.value().what()).size(), 1000U);
}

TEST(JsonMembers, TreatAbsentNullAndOtherTypesAlike) {
    const auto json = parse_json(R"({"a":{"b":1},"n":null,"s":"t"})", "x");
    EXPECT_EQ(*find_path(json, {"a", "b"}), 1);
    EXPECT_EQ(find_path(json, {"a", "c"}), nullptr);
    EXPECT_EQ(find_path(json, {"s", "b"}), nullptr);
    EXPECT_EQ(find(json, "n"), nullptr);
    EXPECT_EQ(find(parse_json("[1]", "x"), "a"), nullptr);
}

TEST(JsonMembers, AnErrorNamesAMemberOfTheWrongType) {
    const auto json = parse_json(
        R"({"text":"t","empty":"","zero":0,"minus":-1,"half":0.5,"big":18446744073709551615,
            "list":[],"object":{},"null":null})",
        "x");
    EXPECT_EQ(get_string(json, "text", "f"), "t");
    EXPECT_EQ(get_string(json, "absent", "f", "other"), "other");
    EXPECT_EQ(get_string(json, "null", "f", "other"), "other");
    EXPECT_EQ(require_size(json, "zero", "f"), 0U);
    EXPECT_EQ(require_size(json, "big", "f"), 18446744073709551615ULL);
    EXPECT_TRUE(require_array(json, "list", "f").empty());
    EXPECT_TRUE(require_object(json, "object", "f").empty());

    expect_error([&] { get_string(json, "zero", "f"); }, Errc::invalid, "f: \"zero\" must be");
    for (const auto* key : {"absent", "null", "empty", "list"})
        expect_error([&] { require_string(json, key, "f"); }, Errc::invalid, key);
    for (const auto* key : {"absent", "minus", "half", "text"})
        expect_error([&] { require_size(json, key, "f"); }, Errc::invalid, key);
    for (const auto* key : {"absent", "object", "text"})
        expect_error([&] { require_array(json, key, "f"); }, Errc::invalid, key);
    for (const auto* key : {"absent", "list", "null"})
        expect_error([&] { require_object(json, key, "f"); }, Errc::invalid, key);
}

TEST(DumpJson, ReplacesInvalidUtf8) {
    EXPECT_EQ(dump_json(Json{{"b", 1}, {"a", "\xff"}}), "{\"a\":\"\xef\xbf\xbd\",\"b\":1}");
}

}  // namespace
}  // namespace airlock::base
