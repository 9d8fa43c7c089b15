#include "bundler/build_plan.hpp"

#include "base/counted.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/parallel.hpp"
#include "bundler/kit_files.hpp"
#include "bundler/locked.hpp"
#include "bundler/resolve_image.hpp"
#include "manifests/bundle/format.hpp"

#include <algorithm>
#include <map>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using base::Json;
using images::Descriptor;
namespace format = manifests::bundle_format;

constexpr std::size_t kMaxDescription = 1024 * 1024;
constexpr std::size_t kMaxInstaller = 256 * 1024 * 1024;

struct WantedImage {
    manifests::ImageSpec spec;
    std::vector<std::string> components;
};

// An image that several components list is packed once.
std::vector<WantedImage> wanted_images(const std::vector<manifests::Component>& components) {
    std::vector<WantedImage> out;
    for (const auto& component : components) {
        for (const auto& image : component.images) {
            const auto at = std::ranges::find_if(
                out, [&](const WantedImage& seen) { return seen.spec.ref == image.ref; });
            if (at == out.end()) {
                out.push_back({.spec = image, .components = {component.name}});
            } else {
                at->components.push_back(component.name);
            }
        }
    }
    return out;
}

std::vector<images::Platform> platforms_of(const manifests::ImageSpec& image,
                                           const BuildOptions& options) {
    if (options.platform) return {*options.platform};
    std::vector<images::Platform> out;
    for (const auto& text : image.platforms)
        out.push_back(images::Platform::parse(text));
    return out;
}

ResolvedImage resolve(const WantedImage& image, const BuildOptions& options, Sources& sources) {
    return base::with_context(image.spec.ref.text(), [&] {
        const auto platforms = platforms_of(image.spec, options);
        if (image.spec.build)
            return build_from_files(image.spec, platforms.front(),
                                    options.description.parent_path());
        return resolve_image(image.spec, platforms,
                             sources.origin(image.spec, options.description.parent_path()));
    });
}

PlannedBlob text_blob(std::string text, std::string_view type) {
    const Descriptor descriptor{
        .media_type = std::string(type), .digest = base::sha256(text), .size = text.size()};
    return {.descriptor = descriptor,
            .bytes = std::make_shared<const std::string>(std::move(text)),
            .origin = nullptr};
}

// Adds each blob once; ordered by digest within a group, whatever the order of resolution.
void append_group(std::vector<PlannedBlob> group, std::map<base::Digest, std::uint64_t>& seen,
                  BuildPlan& plan) {
    std::ranges::stable_sort(group, {},
                             [](const PlannedBlob& blob) { return blob.descriptor.digest; });
    for (auto& blob : group) {
        const auto [at, fresh] = seen.emplace(blob.descriptor.digest, blob.descriptor.size);
        if (at->second != blob.descriptor.size) {
            throw Error(Errc::invalid, "two images list {} with different sizes",
                        blob.descriptor.digest.text());
        }
        if (!fresh) continue;
        plan.lock.blobs.push_back({.digest = blob.descriptor.digest, .size = blob.descriptor.size});
        plan.blobs.push_back(std::move(blob));
    }
}

std::string read_description(const std::filesystem::path& path) {
    try {
        return base::read_file(path, kMaxDescription);
    } catch (Error& error) {
        if (error.code() == Errc::not_found)
            error.set_hint(
                "specify the kit's bundle.yaml: airlock-bundler build KIT/bundle.yaml -o FILE");
        throw;
    }
}

std::string read_installer(const BuildOptions& options) {
    const auto path =
        options.installer.value_or(base::program_directory() / format::kInstallerPath);
    if (!options.installer && !std::filesystem::exists(path)) {
        throw Error(Errc::not_found, "the installer to pack does not exist: {}", path.string())
            .set_hint(
                "put airlock-installer next to airlock-bundler, or specify it with --installer FILE");
    }
    return base::read_file(path, kMaxInstaller);
}

Json kit_manifest(const BuildPlan& plan, const Descriptor& lock,
                  const std::vector<PlannedBlob>& files) {
    Json json{{"schemaVersion", 2},
              {"mediaType", images::media_type::kOciManifest},
              {"artifactType", format::kArtifactType},
              {"config", lock.to_json()},
              {"layers", Json::array()}};
    for (const auto& file : files)
        json["layers"].push_back(file.descriptor.to_json());
    json["annotations"] = {{"org.opencontainers.image.title", plan.lock.name},
                           {"org.opencontainers.image.version", plan.lock.version}};
    return json;
}

}  // namespace

BuildPlan make_build_plan(const BuildOptions& options, Sources& sources,
                          const std::stop_token& stop) {
    const auto description = read_description(options.description);
    const auto spec = manifests::parse_bundle_spec(description, options.description.string());
    const auto components = manifests::select_components(spec, options.components);
    BuildPlan plan;
    plan.lock.name = spec.name;
    plan.lock.version = spec.version;
    plan.installer = read_installer(options);
    plan.lock.installer = manifests::LockedBlob{.digest = base::sha256(plan.installer),
                                                .size = plan.installer.size()};

    auto files = read_kit_files(components, options.description.parent_path(), sources);
    require_all_images(spec, components, files);
    files.insert(files.begin(), {.source = std::string(format::kDescription), .text = description});

    const auto images = wanted_images(components);
    if (!images.empty()) base::log_info("resolving {}", base::counted(images.size(), "image"));
    std::vector<std::optional<ResolvedImage>> resolved(images.size());
    base::for_each_parallel(images.size(), options.concurrency, stop,
                            [&](std::size_t i, const std::stop_token&) {
                                resolved[i] = resolve(images[i], options, sources);
                            });

    std::vector<PlannedBlob> texts;
    for (auto& file : files) {
        auto blob = text_blob(std::move(file.text), format::kFileType);
        blob.descriptor.annotations[std::string(format::kTitle)] = file.source;
        plan.lock.files.push_back({.source = file.source,
                                   .digest = blob.descriptor.digest,
                                   .size = blob.descriptor.size});
        texts.push_back(std::move(blob));
    }
    std::vector<PlannedBlob> small;
    std::vector<PlannedBlob> layers;
    for (std::size_t i = 0; i < images.size(); ++i) {
        auto& image = *resolved[i];
        plan.lock.images.push_back({.reference = images[i].spec.ref,
                                    .descriptor = image.root,
                                    .components = images[i].components,
                                    .source = image.source});
        std::ranges::move(image.manifests, std::back_inserter(small));
        std::ranges::move(image.layers, std::back_inserter(layers));
    }
    std::map<base::Digest, std::uint64_t> seen;
    append_group(texts, seen, plan);
    append_group(std::move(small), seen, plan);
    append_group(std::move(layers), seen, plan);
    if (options.locked) require_locked(*options.locked, plan.lock);

    plan.lock_text = plan.lock.text();
    const Descriptor lock{.media_type = std::string(format::kLockType),
                          .digest = base::sha256(plan.lock_text),
                          .size = plan.lock_text.size()};
    plan.kit_manifest = base::dump_json(kit_manifest(plan, lock, texts));
    plan.index =
        format::index_text(plan.lock, {.media_type = std::string(images::media_type::kOciManifest),
                                       .digest = base::sha256(plan.kit_manifest),
                                       .size = plan.kit_manifest.size()});
    return plan;
}

}  // namespace airlock::bundler
