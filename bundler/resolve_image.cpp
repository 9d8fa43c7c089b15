#include "bundler/resolve_image.hpp"

#include "base/archive.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "images/image_builder.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using images::Descriptor;
using images::Manifest;
using images::Platform;

constexpr std::size_t kMaxProgram = 512 * 1024 * 1024;
constexpr std::size_t kMaxConfig = 1024 * 1024;  // larger ones are treated as layers
constexpr int kMaxWrapping = 4;

std::shared_ptr<const std::string> share(std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
}

PlannedBlob text_blob(const Descriptor& descriptor, std::string bytes) {
    return {.descriptor = descriptor, .bytes = share(std::move(bytes)), .origin = nullptr};
}

bool is_image_config(std::string_view type) {
    return type == images::media_type::kOciConfig ||
           type == "application/vnd.docker.container.image.v1+json";
}

// The platform in a config; nothing for an artifact that is not an image.
std::optional<Platform> platform_of(const std::string& config, std::string_view what) {
    const auto json = base::parse_json(config, what);
    Platform out{.os = base::get_string(json, "os", what),
                 .architecture = base::get_string(json, "architecture", what),
                 .variant = base::get_string(json, "variant", what)};
    if (out.os.empty() || out.architecture.empty()) return std::nullopt;
    return out;
}

// Adds the image's own blobs. Returns its platform, if its config has one.
std::optional<Platform> add_image(const Manifest& manifest,
                                  const std::shared_ptr<ImageOrigin>& origin, ResolvedImage& out) {
    if (manifest.is_index()) {
        throw Error(Errc::unsupported, "{} is an index within an index",
                    manifest.descriptor.digest.text());
    }
    std::optional<Platform> platform;
    out.manifests.push_back(text_blob(manifest.descriptor, manifest.raw));
    if (const auto& config = manifest.config) {
        if (is_image_config(config->media_type) && config->size <= kMaxConfig) {
            const auto what = fmt::format("{}: config {}", origin->place(), config->digest.text());
            auto text = origin->text(*config, kMaxConfig);
            platform = platform_of(text, what);
            out.manifests.push_back(text_blob(*config, std::move(text)));
        } else {
            out.manifests.push_back({.descriptor = *config, .bytes = nullptr, .origin = origin});
        }
    }
    for (const auto& layer : manifest.layers)
        out.layers.push_back({.descriptor = layer, .bytes = nullptr, .origin = origin});
    return platform;
}

[[noreturn]] void throw_absent(const std::string& name, const Platform& wanted,
                               const std::vector<std::string>& offered) {
    throw Error(Errc::not_found, "{} is not available for {}; available platforms: {}", name,
                wanted.text(),
                offered.empty() ? "none" : fmt::format("{}", fmt::join(offered, ", ")))
        .set_hint("correct its platforms in bundle.yaml, or --platform");
}

// The children for the platforms, in the order of the index. Attestations ("unknown/unknown") match
// no platform.
std::vector<Descriptor> choose(const Manifest& index, const std::vector<Platform>& wanted,
                               const std::string& name) {
    std::set<base::Digest> taken;
    for (const auto& platform : wanted) {
        const auto at = std::ranges::find_if(index.manifests, [&](const Descriptor& child) {
            return child.platform && platform.accepts(*child.platform);
        });
        if (at == index.manifests.end()) {
            std::vector<std::string> offered;
            for (const auto& child : index.manifests) {
                if (child.platform && child.platform->os != "unknown")
                    offered.push_back(child.platform->text());
            }
            throw_absent(name, platform, offered);
        }
        taken.insert(at->digest);
    }
    std::vector<Descriptor> chosen;
    for (const auto& child : index.manifests) {
        if (taken.erase(child.digest) != 0) chosen.push_back(child);
    }
    return chosen;
}

Manifest make_index(const std::vector<Descriptor>& children, std::string_view name) {
    base::Json json{{"schemaVersion", 2},
                    {"mediaType", images::media_type::kOciIndex},
                    {"manifests", base::Json::array()}};
    for (const auto& child : children)
        json["manifests"].push_back(child.to_json());
    return Manifest::parse(base::dump_json(json), images::media_type::kOciIndex, name);
}

// buildx and `docker save` wrap an index in another one in a layout, which only adds a name.
Manifest unwrap(Manifest top, ImageOrigin& origin) {
    for (int depth = 0; depth < kMaxWrapping && top.is_index() && top.manifests.size() == 1 &&
                        images::media_type::is_index(top.manifests.front().media_type);
         ++depth)
        top = origin.manifest(top.manifests.front());
    return top;
}

}  // namespace

ResolvedImage resolve_image(const manifests::ImageSpec& image,
                            const std::vector<Platform>& platforms,
                            const std::shared_ptr<ImageOrigin>& origin) {
    const auto name = image.ref.text();
    const auto top = unwrap(origin->top(), *origin);
    ResolvedImage out{.root = top.descriptor,
                      .source = fmt::format("{}@{}", origin->place(), top.descriptor.digest.text()),
                      .manifests = {},
                      .layers = {}};
    if (!top.is_index()) {
        const auto own = add_image(top, origin, out);
        for (const auto& platform : platforms) {
            if (own && !platform.accepts(*own)) throw_absent(name, platform, {own->text()});
        }
        return out;
    }
    const auto children = choose(top, platforms, name);
    if (children.size() == 1) {
        const auto only = origin->manifest(children.front());
        out.root = only.descriptor;
        add_image(only, origin, out);
        return out;
    }
    const auto index = children.size() == top.manifests.size() ? top : make_index(children, name);
    out.root = index.descriptor;
    out.manifests.push_back(text_blob(index.descriptor, index.raw));
    for (const auto& child : children)
        add_image(origin->manifest(child), origin, out);
    return out;
}

ResolvedImage build_from_files(const manifests::ImageSpec& image, const Platform& platform,
                               const std::filesystem::path& directory) {
    const auto& build = *image.build;
    images::ImageRecipe recipe{.files = {},
                               .entrypoint = build.entrypoint,
                               .cmd = build.cmd,
                               .env = build.env,
                               .user = build.user,
                               .workdir = build.workdir,
                               .labels = build.labels,
                               .platform = platform};
    for (const auto& [target, source] : build.files) {
        auto path = std::filesystem::path(source).is_absolute() ? std::filesystem::path(source)
                                                                : directory / source;
        if (!std::filesystem::exists(path)) path = base::program_directory() / source;
        if (!std::filesystem::exists(path)) {
            throw Error(Errc::not_found, "the file {} of the image is neither in {} nor in {}",
                        source, directory.string(), base::program_directory().string())
                .set_hint("build it first; for the programs of node-oversell, run: make dist");
        }
        const auto permissions = static_cast<unsigned>(std::filesystem::status(path).permissions());
        const auto mode = (permissions & 0111U) != 0 ? 0755U : 0644U;
        recipe.files.push_back({.path = target.substr(1),
                                .content = base::read_file(path, kMaxProgram),
                                .mode = mode});
    }
    auto built = images::build_image(recipe);
    ResolvedImage out{.root = built.manifest.descriptor,
                      .source = "built from files",
                      .manifests = {},
                      .layers = {}};
    out.manifests.push_back(text_blob(built.manifest.descriptor, built.manifest.raw));
    out.manifests.push_back(text_blob(built.config_descriptor, std::move(built.config)));
    out.layers.push_back(text_blob(built.layer_descriptor, std::move(built.layer)));
    return out;
}

}  // namespace airlock::bundler
