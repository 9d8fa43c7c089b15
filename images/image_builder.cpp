#include "images/image_builder.hpp"

#include "images/layer.hpp"

namespace airlock::images {
namespace {

using base::Json;

Descriptor describe(const std::string& bytes, std::string_view type) {
    return {.media_type = std::string(type), .digest = base::sha256(bytes), .size = bytes.size()};
}

Json config_of(const ImageRecipe& recipe, const std::string& diff_id) {
    Json run = Json::object();
    if (!recipe.entrypoint.empty()) run["Entrypoint"] = recipe.entrypoint;
    if (!recipe.cmd.empty()) run["Cmd"] = recipe.cmd;
    if (!recipe.env.empty()) run["Env"] = recipe.env;
    if (!recipe.user.empty()) run["User"] = recipe.user;
    if (!recipe.workdir.empty()) run["WorkingDir"] = recipe.workdir;
    if (!recipe.labels.empty()) run["Labels"] = recipe.labels;
    Json config{
        {"architecture", recipe.platform.architecture},
        {"os", recipe.platform.os},
        {"created", "1970-01-01T00:00:00Z"},
        {"config", std::move(run)},
        {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({diff_id})}}},
        {"history",
         Json::array({{{"created", "1970-01-01T00:00:00Z"}, {"created_by", "airlock-bundler"}}})}};
    if (!recipe.platform.variant.empty()) config["variant"] = recipe.platform.variant;
    return config;
}

}  // namespace

BuiltImage build_image(const ImageRecipe& recipe) {
    auto layer = make_layer(recipe.files);
    auto config = base::dump_json(config_of(recipe, layer.diff_id.text()));
    const auto layer_descriptor = describe(layer.gzip, media_type::kOciLayerGzip);
    const auto config_descriptor = describe(config, media_type::kOciConfig);
    const Json json{{"schemaVersion", 2},
                    {"mediaType", media_type::kOciManifest},
                    {"config", config_descriptor.to_json()},
                    {"layers", Json::array({layer_descriptor.to_json()})}};
    return {.manifest =
                Manifest::parse(base::dump_json(json), media_type::kOciManifest, "the built image"),
            .config = std::move(config),
            .layer = std::move(layer.gzip),
            .config_descriptor = config_descriptor,
            .layer_descriptor = layer_descriptor};
}

}  // namespace airlock::images
