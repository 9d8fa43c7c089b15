#include "images/manifest.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using base::Json;
using test::error_of;
using test::expect_error;

Json descriptor(std::string_view content, std::string_view type = "application/x") {
    return Descriptor{
        .media_type = std::string(type), .digest = base::sha256(content), .size = content.size()}
        .to_json();
}

Json image(std::string_view type = media_type::kOciManifest) {
    return {{"schemaVersion", 2},
            {"mediaType", type},
            {"config", descriptor("config", media_type::kOciConfig)},
            {"layers", {descriptor("layer 1"), descriptor("layer 2")}}};
}

Json index(std::string_view type = media_type::kOciIndex) {
    return {{"schemaVersion", 2},
            {"mediaType", type},
            {"manifests", {descriptor("manifest 1", media_type::kOciManifest)}}};
}

TEST(Manifest, OfAnImageHasConfigAndLayersInOrder) {
    for (const auto type : {media_type::kOciManifest, media_type::kDockerManifest}) {
        const auto raw = image(type).dump();
        const auto manifest = Manifest::parse(raw, type, "x");
        EXPECT_FALSE(manifest.is_index());
        EXPECT_EQ(manifest.descriptor.media_type, type);
        EXPECT_EQ(manifest.config->digest, base::sha256("config"));
        ASSERT_EQ(manifest.layers.size(), 2U);
        EXPECT_EQ(manifest.layers[1].digest, base::sha256("layer 2"));
        const auto children = manifest.children();
        ASSERT_EQ(children.size(), 3U);
        EXPECT_EQ(children[0].digest, base::sha256("config"));
        EXPECT_EQ(children[2].digest, base::sha256("layer 2"));
    }
}

TEST(Manifest, OfAnIndexHasManifests) {
    for (const auto type : {media_type::kOciIndex, media_type::kDockerList}) {
        const auto manifest = Manifest::parse(index(type).dump(), type, "x");
        EXPECT_TRUE(manifest.is_index());
        EXPECT_FALSE(manifest.config);
        ASSERT_EQ(manifest.children().size(), 1U);
        EXPECT_EQ(manifest.children()[0].digest, base::sha256("manifest 1"));
    }
}

TEST(Manifest, KeepsTheReceivedBytes) {
    const auto raw = "\n\t" + image().dump(7) + "  \n";
    const auto manifest = Manifest::parse(raw, media_type::kOciManifest, "x");
    EXPECT_EQ(manifest.raw, raw);
    EXPECT_EQ(manifest.descriptor.digest, base::sha256(raw));
    EXPECT_EQ(manifest.descriptor.size, raw.size());
}

TEST(Manifest, TheTypeIsTheGivenOneThenMediaTypeThenTheStructure) {
    auto silent = image();
    silent.erase("mediaType");
    EXPECT_EQ(Manifest::parse(image().dump(), "", "x").descriptor.media_type,
              media_type::kOciManifest);
    EXPECT_EQ(Manifest::parse(silent.dump(), "", "x").descriptor.media_type,
              media_type::kOciManifest);
    EXPECT_EQ(
        Manifest::parse(silent.dump(), media_type::kDockerManifest, "x").descriptor.media_type,
        media_type::kDockerManifest);
    EXPECT_EQ(Manifest::parse(image().dump(),
                              std::string(media_type::kOciManifest) + "; charset=utf-8", "x")
                  .descriptor.media_type,
              media_type::kOciManifest);
    auto list = index();
    list.erase("mediaType");
    EXPECT_TRUE(Manifest::parse(list.dump(), "", "x").is_index());
}

TEST(Manifest, HasItsArtifactType) {
    auto artifact = image();
    artifact["artifactType"] = "application/vnd.airlock.bundle.v1+json";
    EXPECT_EQ(Manifest::parse(artifact.dump(), "", "x").artifact_type,
              "application/vnd.airlock.bundle.v1+json");
}

TEST(Manifest, RejectsAmbiguity) {
    // CVE-2021-41190: one client uses the image, another the index
    auto both = image();
    both["manifests"] = index()["manifests"];
    expect_error([&] { Manifest::parse(both.dump(), "", "quay.io/a b"); }, Errc::invalid,
                 "quay.io/a b is both an image and an index");
    expect_error([&] { Manifest::parse(image().dump(), media_type::kOciIndex, "quay.io/a b"); },
                 Errc::invalid, "received as application/vnd.oci.image.index.v1+json");
    expect_error([&] { Manifest::parse(image().dump(), "text/html", "q"); }, Errc::invalid,
                 "received as text/html");
    auto silent = index();
    silent.erase("mediaType");
    expect_error([&] { Manifest::parse(silent.dump(), media_type::kOciManifest, "q"); },
                 Errc::invalid, "q: \"config\" must be an object");
}

TEST(Manifest, RejectsInvalidManifests) {
    struct Row {
        std::string name;
        Json json;
        Errc code;
        std::string error;
    };
    const auto with = [](Json json, const std::string& key, Json value) {
        json[key] = std::move(value);
        return json;
    };
    auto negative = image();
    negative["layers"][1]["size"] = -5;
    auto no_digest = index();
    no_digest["manifests"][0].erase("digest");
    const std::vector<Row> rows{
        {"an array", Json::array(), Errc::unsupported, "not an image manifest of schema version 2"},
        {"no schema", with(image(), "schemaVersion", nullptr), Errc::unsupported,
         "schema version 2"},
        {"schema 1", with(image(), "schemaVersion", 1), Errc::unsupported, "schema version 2"},
        {"a schema in words", with(image(), "schemaVersion", "2"), Errc::unsupported,
         "schema version 2"},
        {"another type", with(image(), "mediaType", "application/x"), Errc::unsupported,
         "application/x is not an image media type"},
        {"a type that is a number", with(image(), "mediaType", 1), Errc::invalid, "mediaType"},
        {"layers that are none", with(image(), "layers", "x"), Errc::invalid, "layers"},
        {"no layers", with(image(), "layers", nullptr), Errc::invalid, "layers"},
        {"layers in layers", with(image(), "layers", {{1}}), Errc::invalid, "mediaType"},
        {"no config", with(image(), "config", nullptr), Errc::invalid, "config"},
        {"a config that is none", with(image(), "config", Json::array()), Errc::invalid, "config"},
        {"no manifests", with(index(), "manifests", nullptr), Errc::invalid, "manifests"},
        {"a negative size", negative, Errc::invalid, "size"},
        {"a manifest without digest", no_digest, Errc::invalid, "digest"},
        {"too many layers", with(image(), "layers", Json(10'001, descriptor("x"))), Errc::invalid,
         "more than 10000 layers"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto parse = [&] { Manifest::parse(row.json.dump(), "", "quay.io/a v1"); };
        expect_error(parse, row.code, row.error);
        expect_error(parse, row.code, "quay.io/a v1");
    }
}

TEST(Manifest, RejectsExcessiveSizesAndDepths) {
    const auto parse = [](const std::string& raw) {
        return error_of([&] { Manifest::parse(raw, "", "quay.io/a v1"); });
    };
    expect_error([&] { Manifest::parse(std::string(kMaxManifest + 1, ' '), "", "quay.io/a v1"); },
                 Errc::invalid, "quay.io/a v1 is larger than 4194304 bytes");
    const auto deep = parse("{\"schemaVersion\":2,\"x\":" + std::string(100'000, '['));
    EXPECT_THAT(deep.value().what(), testing::HasSubstr("nested deeper"));
    for (const std::string raw : {"", "<html>", "{", "\xff\xfe"}) {
        EXPECT_EQ(parse(raw).value().code(), Errc::invalid) << raw;
        EXPECT_THAT(parse(raw).value().what(), testing::HasSubstr("quay.io/a v1"));
    }
}

}  // namespace
}  // namespace airlock::images
