#include "images/image_builder.hpp"

#include "images/layer.hpp"

#include <gtest/gtest.h>

namespace airlock::images {
namespace {

ImageRecipe recipe() {
    return {.files = {{.path = "app", .content = "binary", .mode = 0755},
                      {.path = "etc/app.conf", .content = "a=b", .mode = 0644}},
            .entrypoint = {"/app"},
            .cmd = {"serve"},
            .env = {"A=b"},
            .user = "65532:65532",
            .workdir = "/",
            .labels = {{"k", "v"}},
            .platform = Platform::parse("linux/arm64/v8")};
}

TEST(BuildImage, IsReproducibleWhateverTheOrderOfFiles) {
    auto other = recipe();
    std::swap(other.files[0], other.files[1]);
    const auto a = build_image(recipe());
    const auto b = build_image(other);
    EXPECT_EQ(a.manifest.raw, b.manifest.raw);
    EXPECT_EQ(a.config, b.config);
    EXPECT_EQ(a.layer, b.layer);
    other.files[0].content += "x";
    EXPECT_NE(build_image(other).manifest.descriptor.digest, a.manifest.descriptor.digest);
}

TEST(BuildImage, HasMatchingDescriptors) {
    const auto built = build_image(recipe());
    EXPECT_EQ(built.config_descriptor.digest, base::sha256(built.config));
    EXPECT_EQ(built.config_descriptor.size, built.config.size());
    EXPECT_EQ(built.layer_descriptor.digest, base::sha256(built.layer));
    EXPECT_EQ(built.layer_descriptor.size, built.layer.size());
    EXPECT_EQ(built.manifest.descriptor.digest, base::sha256(built.manifest.raw));
    EXPECT_EQ(built.manifest.config->digest, built.config_descriptor.digest);
    ASSERT_EQ(built.manifest.layers.size(), 1U);
    EXPECT_EQ(built.manifest.layers[0].digest, built.layer_descriptor.digest);
    EXPECT_EQ(built.manifest.layers[0].media_type, media_type::kOciLayerGzip);
}

TEST(BuildImage, HasTheRecipeInItsConfig) {
    const auto config = base::parse_json(build_image(recipe()).config, "config");
    EXPECT_EQ(config.at("os"), "linux");
    EXPECT_EQ(config.at("architecture"), "arm64");
    EXPECT_EQ(config.at("variant"), "v8");
    EXPECT_EQ(config.at("created"), "1970-01-01T00:00:00Z");
    const base::Json expected{{"Entrypoint", {"/app"}}, {"Cmd", {"serve"}},
                              {"Env", {"A=b"}},         {"User", "65532:65532"},
                              {"WorkingDir", "/"},      {"Labels", {{"k", "v"}}}};
    EXPECT_EQ(config.at("config"), expected);
    EXPECT_EQ(config.at("rootfs").at("type"), "layers");
    // diff_id is the digest of the uncompressed tar.
    const auto diff_id = config.at("rootfs").at("diff_ids").at(0).get<std::string>();
    EXPECT_EQ(diff_id, make_layer(recipe().files).diff_id.text());
    EXPECT_NE(diff_id, build_image(recipe()).layer_descriptor.digest.text());
}

TEST(BuildImage, OmitsWhatIsNotSet) {
    const auto built = build_image({.files = {{.path = "app", .content = "x"}},
                                    .entrypoint = {},
                                    .cmd = {},
                                    .env = {},
                                    .user = {},
                                    .workdir = {},
                                    .labels = {},
                                    .platform = {}});
    const auto config = base::parse_json(built.config, "config");
    EXPECT_EQ(config.at("config"), base::Json::object());
    EXPECT_FALSE(config.contains("variant"));
}

}  // namespace
}  // namespace airlock::images
