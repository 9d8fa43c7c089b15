#include "bundler/resolve_image.hpp"

#include "base/archive.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "images/image_builder.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using images::Descriptor;
using images::Manifest;
using images::Platform;

constexpr std::size_t kMaxProgram = 512 * 1024 * 1024;

std::shared_ptr<const std::string> share(std::string bytes) {
    return std::make_shared<const std::string>(std::move(bytes));
}

struct Place {
    images::RegistryClient& client;
    const std::string& repository;
};

void add_image(const Manifest& manifest, const Place& place, ResolvedImage& out) {
    out.manifests.push_back(
        {.descriptor = manifest.descriptor, .bytes = share(manifest.raw), .repository = {}});
    const auto remote = [&](const Descriptor& descriptor) {
        return PlannedBlob{.descriptor = descriptor,
                           .bytes = nullptr,
                           .registry = &place.client,
                           .repository = place.repository};
    };
    if (manifest.config) out.manifests.push_back(remote(*manifest.config));
    for (const auto& layer : manifest.layers)
        out.layers.push_back(remote(layer));
}

// The children for the platforms, in the index's order. Attestations ("unknown/unknown") are for no
// platform.
std::vector<Descriptor> choose(const Manifest& index, const std::vector<Platform>& wanted,
                               std::string_view name) {
    std::vector<Descriptor> chosen;
    for (const auto& platform : wanted) {
        const auto at = std::ranges::find_if(index.manifests, [&](const Descriptor& child) {
            return child.platform && platform.accepts(*child.platform);
        });
        if (at == index.manifests.end()) {
            std::vector<std::string> offered;
            for (const auto& child : index.manifests) {
                if (child.platform) offered.push_back(child.platform->text());
            }
            throw Error(Errc::not_found, "{} is not there for {}; it is for {}", name,
                        platform.text(), fmt::join(offered, ", "));
        }
        if (std::ranges::find(chosen, at->digest, &Descriptor::digest) == chosen.end())
            chosen.push_back(*at);
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

}  // namespace

ResolvedImage resolve_from_registry(const manifests::ImageSpec& image,
                                    const std::vector<Platform>& platforms,
                                    const std::optional<base::Digest>& pinned, Sources& sources) {
    const auto name = image.ref.text();
    const auto [client, reference] = sources.locate(image.ref);
    const Place place{.client = client, .repository = reference.repository()};
    const auto top =
        client.get_manifest(place.repository, pinned ? pinned->text() : reference.identifier());
    ResolvedImage out{.root = top.descriptor,
                      .source = fmt::format("{}/{}@{}", client.host(), place.repository,
                                            top.descriptor.digest.text()),
                      .manifests = {},
                      .layers = {}};
    if (!top.is_index()) {
        add_image(top, place, out);
        return out;
    }
    const auto children = choose(top, platforms, name);
    if (children.size() == 1) {
        const auto only = client.get_manifest(place.repository, children.front().digest.text());
        out.root = only.descriptor;
        add_image(only, place, out);
        return out;
    }
    const auto index = children.size() == top.manifests.size() ? top : make_index(children, name);
    out.root = index.descriptor;
    out.manifests.push_back(
        {.descriptor = index.descriptor, .bytes = share(index.raw), .repository = {}});
    for (const auto& child : children)
        add_image(client.get_manifest(place.repository, child.digest.text()), place, out);
    return out;
}

ResolvedImage build_from_files(const manifests::ImageSpec& image, const Platform& platform,
                               const std::filesystem::path& folder) {
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
                                                                : folder / source;
        if (!std::filesystem::exists(path)) path = base::program_folder() / source;
        if (!std::filesystem::exists(path)) {
            throw Error(Errc::not_found, "the file {} of the image is neither in {} nor in {}",
                        source, folder.string(), base::program_folder().string())
                .set_hint("build it first; for the kit's own webhook: make dist");
        }
        const auto mode = static_cast<unsigned>(std::filesystem::status(path).permissions()) & 0111U
                              ? 0755U
                              : 0644U;
        recipe.files.push_back({.path = target.substr(1),
                                .content = base::read_file(path, kMaxProgram),
                                .mode = mode});
    }
    auto built = images::build_image(recipe);
    const auto own = [](const Descriptor& descriptor, std::string bytes) {
        return PlannedBlob{.descriptor = descriptor,
                           .bytes = share(std::move(bytes)),
                           .registry = nullptr,
                           .repository = {}};
    };
    ResolvedImage out{.root = built.manifest.descriptor,
                      .source = "built from files",
                      .manifests = {},
                      .layers = {}};
    out.manifests.push_back(own(built.manifest.descriptor, built.manifest.raw));
    out.manifests.push_back(own(built.config_descriptor, std::move(built.config)));
    out.layers.push_back(own(built.layer_descriptor, std::move(built.layer)));
    return out;
}

}  // namespace airlock::bundler
