#include "manifests/document.hpp"

#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace airlock::manifests {
namespace {

using test::expect_error;

using base::Errc;

constexpr std::string_view kTwo =
    "# first\n---\n# about a\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"a\"  # kept\n"
    "---\n# only a comment\n--- # and nothing\n\n---\napiVersion: apps/v1\nkind: Deployment\n"
    "metadata: {name: d, namespace: a}\n...\n# end\n";

TEST(SplitDocuments, KeepsTheExactTextOfEach) {
    const auto documents = split_documents(kTwo, "two.yaml");
    ASSERT_EQ(documents.size(), 2U);
    EXPECT_EQ(documents[0].text,
              "# about a\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"a\"  # kept\n");
    EXPECT_EQ(documents[0].line, 3U);
    EXPECT_EQ(documents[0].file, "two.yaml");
    EXPECT_EQ(documents[0].key.text(), "Namespace a");
    EXPECT_EQ(documents[1].text,
              "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: a}\n");
    EXPECT_EQ(documents[1].line, 13U);
    EXPECT_EQ(documents[1].key.text(), "Deployment a/d");
    EXPECT_EQ(documents[1].key.group(), "apps");
    EXPECT_EQ(documents[0].key.group(), "");
}

TEST(SplitDocuments, KeepsWindowsLineEndings) {
    const auto documents = split_documents(
        "---\r\napiVersion: v1\r\nkind: A\r\nmetadata: {name: a}\r\n---\r\napiVersion: v1\r\nkind: "
        "B\r\nmetadata: {name: b}",
        "f");
    ASSERT_EQ(documents.size(), 2U);
    EXPECT_EQ(documents[0].text, "apiVersion: v1\r\nkind: A\r\nmetadata: {name: a}\r\n");
    EXPECT_EQ(documents[1].text, "apiVersion: v1\r\nkind: B\r\nmetadata: {name: b}");
    EXPECT_EQ(documents[1].line, 6U);
}

TEST(SplitDocuments, DoesNotSplitAValue) {
    const auto documents = split_documents(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    a: b\n  "
        "  ...\n  y: ---z\n",
        "f");
    ASSERT_EQ(documents.size(), 1U);
    EXPECT_THAT(documents[0].text, testing::EndsWith("y: ---z\n"));
}

TEST(SplitDocuments, AcceptsJson) {
    const auto documents = split_documents(
        "--- {\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"s\"}}\n",
        "f");
    ASSERT_EQ(documents.size(), 1U);
    EXPECT_EQ(documents[0].key.text(), "Secret s");
    EXPECT_EQ(documents[0].line, 1U);
}

TEST(SplitDocuments, IgnoresEmptyDocuments) {
    EXPECT_TRUE(split_documents("", "f").empty());
    EXPECT_TRUE(split_documents("\xEF\xBB\xBF# a\n---\n---\n~\n---\n", "f").empty());
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

class SplitDocumentsRejects : public testing::TestWithParam<Rejection> {};

TEST_P(SplitDocumentsRejects, WithFileAndLine) {
    const auto& row = GetParam();
    expect_error([&] { split_documents(row.text, "f.yaml"); }, row.code, row.says);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, SplitDocumentsRejects,
    testing::Values(
        Rejection{"NoName", "---\napiVersion: v1\nkind: Pod\n", Errc::invalid,
                  "f.yaml:2:1: this object has no metadata.name"},
        Rejection{"NoKind", "apiVersion: v1\nmetadata: {name: a}\n", Errc::invalid,
                  "f.yaml:1:1: this object has no kind"},
        Rejection{"NoVersion", "kind: Pod\nmetadata: {name: a}\n", Errc::invalid, "no apiVersion"},
        Rejection{"KindIsAList", "kind: [Pod]\nmetadata: {name: a}\n", Errc::invalid,
                  "\"kind\" must be a string"},
        Rejection{"MetadataIsText", "apiVersion: v1\nkind: Pod\nmetadata: a\n", Errc::invalid,
                  "f.yaml:3:11"},
        Rejection{"List", "apiVersion: v1\nkind: List\nitems: []\n", Errc::unsupported,
                  "a List is not supported"},
        Rejection{"ListOfAKind", "apiVersion: v1\nkind: PodList\nitems: []\n", Errc::unsupported,
                  "a PodList is not supported"},
        Rejection{"PlainText", "---\n---\nhello\n", Errc::invalid,
                  "f.yaml:3:1: this document is not a Kubernetes object"},
        Rejection{"TextAfterTheEnd", "a: b\n... c\n", Errc::invalid,
                  "f.yaml:2: text after the end"},
        Rejection{"DuplicateInTheSecond", "---\n---\na: b\na: c\n", Errc::invalid, "f.yaml:4:1"},
        Rejection{"Directive", "%YAML 1.2\n---\napiVersion: v1\n", Errc::unsupported,
                  "f.yaml:1:1"}),
    [](const auto& row) { return row.param.name; });

TEST(ObjectKey, AcceptsAKindThatEndsInList) {
    const auto documents =
        split_documents("apiVersion: x.dev/v1\nkind: AllowList\nmetadata: {name: a}\n", "f");
    ASSERT_EQ(documents.size(), 1U);
    EXPECT_EQ(documents[0].key.kind, "AllowList");
}

}  // namespace
}  // namespace airlock::manifests
