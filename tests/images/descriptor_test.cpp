#include "images/descriptor.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using base::Json;
using base::parse_json;
using test::expect_error;

const std::string kDigest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

Json good() {
    return {{"mediaType", "application/x"},
            {"digest", kDigest},
            {"size", 3U},
            {"platform", {{"os", "linux"}, {"architecture", "arm64"}, {"variant", "v8"}}},
            {"annotations", {{"a", "b"}}}};
}

TEST(Platform, HasTwoOrThreeParts) {
    EXPECT_EQ(Platform::parse("linux/amd64"), Platform());
    EXPECT_EQ(Platform::parse("linux/arm/v7").variant, "v7");
    EXPECT_EQ(Platform::parse("linux/arm/v7").text(), "linux/arm/v7");
    EXPECT_EQ(Platform().text(), "linux/amd64");
    for (const auto* bad : {"", "linux", "linux/", "/amd64", "a/b/c/d", "/"})
        expect_error([&] { Platform::parse(bad); }, Errc::usage, "platform", "linux/amd64");
}

TEST(Platform, WithoutAVariantAcceptsAny) {
    const auto any = Platform::parse("linux/arm");
    const auto seven = Platform::parse("linux/arm/v7");
    EXPECT_TRUE(any.accepts(seven));
    EXPECT_TRUE(seven.accepts(seven));
    EXPECT_FALSE(seven.accepts(any));
    EXPECT_FALSE(any.accepts(Platform::parse("linux/arm64")));
    EXPECT_FALSE(any.accepts(Platform::parse("windows/arm")));
}

TEST(Descriptor, IsConvertedToJsonAndBack) {
    const auto descriptor = Descriptor::from_json(good(), "x");
    EXPECT_EQ(descriptor.size, 3U);
    EXPECT_EQ(descriptor.platform->text(), "linux/arm64/v8");
    EXPECT_EQ(descriptor.annotations.at("a"), "b");
    EXPECT_EQ(descriptor.to_json(), good());

    const Json least{{"mediaType", "application/x"}, {"digest", kDigest}, {"size", 0U}};
    EXPECT_EQ(Descriptor::from_json(least, "x").to_json(), least);
    EXPECT_FALSE(Descriptor::from_json(least, "x").platform);
}

TEST(Descriptor, RejectsInvalidDescriptorsAndNamesTheirOrigin) {
    struct Row {
        std::string key;
        Json value;
        std::string error;
    };
    const std::vector<Row> rows{
        {"mediaType", nullptr, "mediaType"},
        {"mediaType", "", "mediaType"},
        {"mediaType", 7, "mediaType"},
        {"digest", nullptr, "digest"},
        {"digest", "sha256:short", "not a valid digest"},
        {"digest", "../../etc/passwd", "not a valid digest"},
        {"size", nullptr, "size"},
        {"size", -1, "size"},
        {"size", 1.5, "size"},
        {"size", "3", "size"},
        {"size", (std::uint64_t{1} << 40U) + 1, "too large for a blob"},
        {"size", 18446744073709551615ULL, "too large for a blob"},
        {"platform", "linux/amd64", "platform"},
        {"platform", {{"os", 1}}, "os"},
        {"annotations", "a=b", "annotations"},
        {"annotations", {{"a", 1}}, "annotation \"a\""},
    };
    for (const auto& row : rows) {
        auto json = good();
        json[row.key] = row.value;
        SCOPED_TRACE(json.dump());
        expect_error([&] { Descriptor::from_json(json, "image q"); }, Errc::invalid, row.error);
        expect_error([&] { Descriptor::from_json(json, "image q"); }, Errc::invalid, "image q");
    }
    for (const Json& bad : {Json(), Json(1), Json("x"), Json::array()})
        expect_error([&] { Descriptor::from_json(bad, "image q"); }, Errc::invalid, "image q");
}

}  // namespace
}  // namespace airlock::images
