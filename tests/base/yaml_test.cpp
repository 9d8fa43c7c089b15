#include "base/yaml.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::base {
namespace {

using test::expect_error;

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i)
        out += text;
    return out;
}

TEST(YamlTree, HasThePositionOfEachValue) {
    const auto tree = YamlTree::parse("a: 1\nb:\n  - x\n  - \"é\": 'y'\n", "f.yaml", 10);
    const auto* list = tree.root().find("b");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->items.size(), 2U);
    EXPECT_EQ(list->items[0]->value, "x");
    EXPECT_EQ(list->items[0]->line, 12U);
    EXPECT_EQ(list->items[0]->column, 5U);
    const auto* quoted = list->items[1]->find("é");
    ASSERT_NE(quoted, nullptr);
    EXPECT_EQ(quoted->value, "y");
    EXPECT_EQ(quoted->offset, 24U);  // in bytes: é has two
    EXPECT_TRUE(quoted->quoted);
    EXPECT_FALSE(list->items[0]->quoted);
}

TEST(YamlTree, SkipsAByteOrderMark) {
    const auto tree = YamlTree::parse(
        "\xEF\xBB\xBF"
        "a: b\n",
        "f.yaml");
    ASSERT_NE(tree.root().find("a"), nullptr);
    EXPECT_EQ(tree.root().find("a")->offset, 3U);
}

TEST(YamlTree, DistinguishesNullFromText) {
    const auto tree = YamlTree::parse("a:\nb: ~\nc: 'null'\n", "f.yaml");
    EXPECT_TRUE(tree.root().find("a")->is_null());
    EXPECT_TRUE(tree.root().find("b")->is_null());
    EXPECT_EQ(tree.root().find("c")->value, "null");
    EXPECT_EQ(tree.root().find("d"), nullptr);
}

TEST(YamlTree, SharesTheNodeOfAnAlias) {
    const auto tree = YamlTree::parse("a: &x {k: v}\nb: *x\n", "f.yaml");
    EXPECT_EQ(tree.root().find("a"), tree.root().find("b"));
}

TEST(YamlTree, AcceptsTheDepthOfRealSchemas) {
    EXPECT_NO_THROW(YamlTree::parse(repeated("[", 150) + repeated("]", 150), "f.yaml"));
}

struct Rejection {
    std::string name;
    std::string text;
    Errc code = Errc::invalid;
    std::string says;
};
std::ostream& operator<<(std::ostream& out, const Rejection& row) {
    return out << row.name;
}

class YamlTreeRejects : public testing::TestWithParam<Rejection> {};

TEST_P(YamlTreeRejects, WithTheLocation) {
    const auto& row = GetParam();
    expect_error([&] { YamlTree::parse(row.text, "f.yaml"); }, row.code, row.says);
}

std::string alias_bomb() {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                            i - 1);
    }
    return text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, YamlTreeRejects,
    testing::Values(
        Rejection{"DuplicateKey", "a: 1\nb: 2\na: 3\n", Errc::invalid,
                  "f.yaml:3:1: duplicate key \"a\""},
        Rejection{"DuplicateKeyInOtherQuotes", "a: 1\n\"a\": 3\n", Errc::invalid, "f.yaml:2:1"},
        Rejection{"DuplicateKeyInFlow", "x: {a: 1, a: 2}\n", Errc::invalid, "f.yaml:1:11"},
        Rejection{"AliasBomb", alias_bomb(), Errc::invalid, "aliases expand"},
        Rejection{"AliasOfItself", "a: &x [*x]\n", Errc::invalid, "f.yaml:1:8: an alias inside"},
        Rejection{"UnknownAlias", "a: *x\n", Errc::invalid, "f.yaml:1:"},
        Rejection{"DeepFlow", repeated("[", 100'000), Errc::invalid, "nested deeper"},
        Rejection{"DeepBlock", repeated("- ", 5'000) + "a\n", Errc::invalid, "nested deeper"},
        Rejection{"TooManyValues", "[" + repeated("a,", kMaxYamlNodes) + "a]", Errc::invalid,
                  "more than 500000 values"},
        Rejection{"TooLarge", std::string(kMaxYamlSize + 1, '#'), Errc::invalid,
                  "limit of 8388608 bytes"},
        Rejection{"CutCharacter", "a: \xC3", Errc::invalid, "f.yaml:1:4: invalid UTF-8"},
        Rejection{"OverlongCharacter", "a: \xC0\xAF\n", Errc::invalid, "invalid UTF-8"},
        Rejection{"Surrogate", "a: \xED\xA0\x80\n", Errc::invalid, "invalid UTF-8"},
        Rejection{"Utf16",
                  std::string("\xFF\xFE"
                              "a\0",
                              4),
                  Errc::invalid, "invalid UTF-8"},
        Rejection{"NullByte", std::string("a: b\nc: \0\n", 10), Errc::invalid,
                  "f.yaml:2:4: control character U+0000"},
        // The parser treats this byte as the end of its input: the rest would be ignored.
        Rejection{"EndOfTransmission", "a: b\n\x04\nimage: x\n", Errc::invalid, "U+0004"},
        Rejection{"NextLine", "a: b # \xC2\x85image: x\n", Errc::invalid, "U+0085"},
        Rejection{"LineSeparator", "a: b # \xE2\x80\xA8image: x\n", Errc::unsupported, "U+2028"},
        Rejection{"LoneCarriageReturn", "a: b # \rimage: x\n", Errc::unsupported,
                  "carriage return"},
        Rejection{"BinaryTag", "image: !!binary cXVheS5pbw==\n", Errc::unsupported,
                  "f.yaml:1:8: the tag"},
        Rejection{"Directive", "%TAG !! tag:other,2000:\n---\na: b\n", Errc::unsupported,
                  "f.yaml:1:1"},
        Rejection{"ListAsKey", "? [a, b]\n: c\n", Errc::invalid, "a key must be a string"},
        Rejection{"TwoDocuments", "a: b\n---\nc: d\n", Errc::invalid, "outside of the document"},
        Rejection{"OpenQuote", "a: \"b\n", Errc::invalid, "f.yaml:1:4: unterminated quoted string"},
        Rejection{"OpenQuoteAfterAnEscape", "a: 'b''\n", Errc::invalid, "f.yaml:1:4: unterminated"},
        Rejection{"OpenQuoteInAList", "a: [b, \"c]\\\"\n", Errc::invalid, "f.yaml:2:1"},
        Rejection{"OpenBrace", "a: {b\n", Errc::invalid, "f.yaml:2:"},
        Rejection{"TabIndentation", "a:\n\tb: c\n", Errc::invalid, "f.yaml:2:"},
        Rejection{"Nothing", "# nothing\n", Errc::invalid, "no YAML document"},
        Rejection{"Empty", "", Errc::invalid, "no YAML document"}),
    [](const auto& row) { return row.param.name; });

TEST(YamlNode, IsFoundByAPathOfKeys) {
    const auto tree = YamlTree::parse("a: {b: {c: x, list: [1]}, none: }\n", "f.yaml");
    const auto& root = tree.root();
    EXPECT_EQ(root.find_path({}), &root);
    ASSERT_NE(root.find_path({"a", "b", "list"}), nullptr);
    EXPECT_TRUE(root.find_path({"a", "b", "list"})->is_list());
    EXPECT_EQ(root.find_path({"a", "x", "c"}), nullptr);
    EXPECT_EQ(root.find_path({"a", "b", "c", "d"}), nullptr) << "a scalar has no keys";
    EXPECT_EQ(root.text_at({"a", "b", "c"}), "x");
    EXPECT_EQ(root.text_at({"a", "b"}), "") << "a map is no text";
    EXPECT_EQ(root.text_at({"a", "none"}), "");
}

}  // namespace
}  // namespace airlock::base
