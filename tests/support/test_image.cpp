#include "tests/support/test_image.hpp"

#include <random>

namespace airlock::test {

using base::Json;
using images::Descriptor;
using images::Manifest;

std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string out(size, '\0');
    for (auto& c : out)
        c = static_cast<char>(random() & 0xffU);
    return out;
}

Json image_config(const std::vector<std::string>& diff_ids, const images::Platform& platform) {
    Json config{{"os", platform.os},
                {"architecture", platform.architecture},
                {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
    if (!platform.variant.empty()) config["variant"] = platform.variant;
    return config;
}

images::BuiltImage app_image(const std::string& content, const std::string& platform) {
    return images::build_image({.files = {{.path = "app", .content = content}},
                                .entrypoint = {"/app"},
                                .cmd = {},
                                .env = {},
                                .user = {},
                                .workdir = {},
                                .labels = {},
                                .platform = images::Platform::parse(platform)});
}

SmallImage small_image(const std::vector<std::string>& layers, const std::string& platform) {
    const auto describe = [](const std::string& bytes, std::string_view type) {
        return Descriptor{
            .media_type = std::string(type), .digest = base::sha256(bytes), .size = bytes.size()};
    };
    const auto text = image_config({}, images::Platform::parse(platform)).dump();
    const auto config_descriptor = describe(text, images::media_type::kOciConfig);
    std::map<base::Digest, std::string> blobs{{config_descriptor.digest, text}};
    Json json{{"schemaVersion", 2},
              {"mediaType", images::media_type::kOciManifest},
              {"config", config_descriptor.to_json()},
              {"layers", Json::array()}};
    for (const auto& layer : layers) {
        const auto descriptor = describe(layer, images::media_type::kOciLayerGzip);
        json["layers"].push_back(descriptor.to_json());
        blobs.emplace(descriptor.digest, layer);
    }
    return {.manifest = Manifest::parse(json.dump(), images::media_type::kOciManifest, "image"),
            .blobs = std::move(blobs)};
}

SmallImage small_image(const images::BuiltImage& built) {
    return {.manifest = built.manifest,
            .blobs = {{built.config_descriptor.digest, built.config},
                      {built.layer_descriptor.digest, built.layer}}};
}

Manifest index_of(const std::vector<SmallImage>& parts, const std::vector<std::string>& platforms) {
    Json json{{"schemaVersion", 2},
              {"mediaType", images::media_type::kOciIndex},
              {"manifests", Json::array()}};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto descriptor = parts[i].manifest.descriptor;
        descriptor.platform = images::Platform::parse(platforms[i]);
        json["manifests"].push_back(descriptor.to_json());
    }
    return Manifest::parse(json.dump(), images::media_type::kOciIndex, "index");
}

void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const SmallImage& image) {
    for (const auto& child : image.manifest.children()) {
        base::StringSource bytes(image.blobs.at(child.digest));
        if (!registry.has_blob(repository, child.digest))
            registry.push_blob(repository, child, bytes);
    }
    registry.put_manifest(repository, tag, image.manifest.raw,
                          image.manifest.descriptor.media_type);
}

void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const Manifest& index, const std::vector<SmallImage>& parts) {
    for (const auto& part : parts)
        push(registry, repository, part.manifest.descriptor.digest.text(), part);
    registry.put_manifest(repository, tag, index.raw, index.descriptor.media_type);
}

}  // namespace airlock::test
