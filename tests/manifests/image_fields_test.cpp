#include "manifests/image_fields.hpp"

#include "base/file.hpp"
#include "base/yaml.hpp"
#include "tests/support/expect_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::manifests {
namespace {

using test::expect_error;

using base::Errc;
using testing::ElementsAre;

Document document_of(std::string_view body) {
    const std::string head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    return split_documents(head + std::string(body), "f.yaml").at(0);
}

// "line path text", with the text as in the document.
std::vector<std::string> found_in(const Document& document,
                                  const std::set<std::string>& known = {}) {
    std::vector<std::string> out;
    for (const auto& field : find_image_fields(document, known)) {
        out.push_back(fmt::format("{} {} {}", field.line, field.path,
                                  document.text.substr(field.offset, field.length)));
    }
    return out;
}

TEST(FindImageFields, FindsEveryWayToNameAnImage) {
    const auto text = base::read_file(AIRLOCK_SOURCE_DIR "/tests/data/manifests/controller.yaml",
                                      base::kMaxYamlSize);
    const auto documents = split_documents(text, "controller.yaml");
    ASSERT_EQ(documents.size(), 3U);
    EXPECT_THAT(
        found_in(documents[0]),
        ElementsAre(
            "12 spec.template.spec.initContainers[0].image busybox",
            "15 spec.template.spec.containers[0].image quay.io/demo/controller:v1.8.2",
            "17 spec.template.spec.containers[0].args[0] quay.io/demo/solver:v1.8.2",
            "21 spec.template.spec.containers[0].env[0].value ghcr.io/demo/sidecar@sha256:" +
                std::string(64, 'a'),
            "25 spec.template.spec.containers[1].image nginx:1.25",
            "28 spec.template.spec.volumes[0].image.reference models/small"));
    EXPECT_THAT(found_in(documents[1]),
                ElementsAre("35 data[\"values.json\"] docker.io/demo/proxy:1",
                            "36 data[\"values.json\"] docker.io/demo/init:2",
                            "40 data.template docker.io/demo/proxy:1",
                            "41 data.escaped docker.io/demo/escaped:3",
                            "42 data.escaped docker.io/demo/next:4"));
    EXPECT_THAT(found_in(documents[2]),
                ElementsAre("56 spec.versions[0].schema.openAPIV3Schema.properties.image.default "
                            "docker.io/demo/proxy:1"));
}

TEST(FindImageFields, MakesDockersDefaultsExplicit) {
    const auto fields =
        find_image_fields(document_of("spec: {containers: [{image: nginx}]}\n"), {});
    ASSERT_EQ(fields.size(), 1U);
    EXPECT_EQ(fields[0].reference.text(), "docker.io/library/nginx:latest");
}

struct Written {
    std::string name;
    std::string body;
    std::size_t line = 0;
};
std::ostream& operator<<(std::ostream& out, const Written& row) {
    return out << row.name;
}

class FindImageFieldsInScalars : public testing::TestWithParam<Written> {};

// The word occurs once in the text, so its offset is where it must be replaced.
TEST_P(FindImageFieldsInScalars, HaveTheExactOffset) {
    const auto document = document_of(GetParam().body);
    const auto fields = find_image_fields(document, {});
    ASSERT_EQ(fields.size(), 1U);
    EXPECT_EQ(fields[0].offset, document.text.find("quay.io/a:1"));
    EXPECT_EQ(fields[0].length, std::string_view("quay.io/a:1").size());
    EXPECT_EQ(fields[0].line, GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FindImageFieldsInScalars,
    testing::Values(Written{"Plain", "x: quay.io/a:1\n", 4},
                    Written{"PlainOverLines", "x: é b\n   c quay.io/a:1\n   d\n", 5},
                    Written{"PlainInFlow", "x: [é, quay.io/a:1]\n", 4},
                    Written{"SingleQuoted", "x: 'it''s é quay.io/a:1'\n", 4},
                    Written{"DoubleQuoted",
                            "x: \"\\x41\\u00e9\\U0001F600\\t\\N \\\" quay.io/a:1 \\e\"\n", 4},
                    Written{"DoubleQuotedOverLines", "x: \"a\\\n   b\n\n   quay.io/a:1\"\n", 7},
                    Written{"Literal", "x: |2+ # é\n    é\n\n   quay.io/a:1\n  z\n", 7},
                    Written{"Folded", "x: >-\n  é a\n  b quay.io/a:1\n  c\n", 6},
                    Written{"WindowsLines", "x: |\r\n  é\r\n  quay.io/a:1\r\n", 6},
                    Written{"Anchored", "x: &n # c\n  !!str\n  quay.io/a:1\ny: *n\n", 6},
                    Written{"JsonKeys", "x: {\"a\":\"quay.io/a:1\"}\n", 4}),
    [](const auto& row) { return row.param.name; });

TEST(FindImageFields, SeesThroughMergesAndAliases) {
    EXPECT_THAT(
        found_in(document_of(
            "b: &b {image: redis}\nspec:\n  containers:\n    - {<<: *b, name: x}\n    - *b\n")),
        ElementsAre("4 spec.containers[0][\"<<\"].image redis"));
}

TEST(FindImageFields, IgnoresKeysCommentsAndOtherImages) {
    EXPECT_THAT(
        found_in(document_of(
            "quay.io/a:1: x # quay.io/b:1\nimage: nginx\nspec: {containers: [{image: ''}]}\n"
            "icon: {image: logo.png}\n")),
        ElementsAre());
}

TEST(FindImageFields, FindsKnownImages) {
    EXPECT_THAT(
        found_in(document_of("x: run nginx:1.25\ny: nginx\n"), {"docker.io/library/nginx:1.25"}),
        ElementsAre("4 x nginx:1.25"));
}

struct AmbiguousField {
    std::string name;
    std::string body;
    Errc code = Errc::unsupported;
    std::string says;
};
std::ostream& operator<<(std::ostream& out, const AmbiguousField& row) {
    return out << row.name;
}

class FindImageFieldsRejects : public testing::TestWithParam<AmbiguousField> {};

TEST_P(FindImageFieldsRejects, AmbiguousText) {
    expect_error([&] { find_image_fields(document_of(GetParam().body), {}); }, GetParam().code,
                 GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FindImageFieldsRejects,
    testing::Values(
        AmbiguousField{"EscapeInside", "x:\n  y: \"quay.io\\x2fa:1\"\n", Errc::unsupported,
                       "f.yaml:5:6: ConfigMap a: x.y contains the image reference quay.io/a:1"},
        AmbiguousField{"EscapedSlash", "x: \"quay.io\\/a:1\"\n", Errc::unsupported, "quay.io/a:1"},
        AmbiguousField{"LineBreakInside", "x: \"quay.io/\\\n  a:1\"\n", Errc::unsupported,
                       "line break"},
        AmbiguousField{"TemplateAsImage", "spec: {containers: [{image: \"{{ .Image }}\"}]}\n",
                       Errc::invalid, "f.yaml:4:29: ConfigMap a: spec.containers[0].image is"},
        AmbiguousField{"SpaceInAnImage", "spec: {containers: [{image: ' nginx'}]}\n", Errc::invalid,
                       "not a valid image reference"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace airlock::manifests
