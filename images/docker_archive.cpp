#include "base/error.hpp"
#include "base/json.hpp"
#include "base/shortlist.hpp"
#include "images/image_store.hpp"
#include "images/tar_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;
using base::Json;

constexpr std::size_t kMaxList = 16 * 1024 * 1024;
constexpr std::size_t kMaxConfig = 4 * 1024 * 1024;
constexpr std::size_t kMaxLayers = 1000;

// One entry of manifest.json.
struct SavedImage {
    std::string config;
    std::vector<std::string> tags;
    std::vector<std::string> layers;
};

std::vector<std::string> strings(const Json& object, std::string_view key,
                                 const std::string& what) {
    std::vector<std::string> out;
    if (base::find(object, key) == nullptr)
        return out;  // RepoTags is null for an image saved by its ID
    for (const auto& entry : base::require_array(object, key, what)) {
        if (!entry.is_string()) throw Error(Errc::invalid, "{}: {} must be strings", what, key);
        out.push_back(entry.get<std::string>());
    }
    return out;
}

std::vector<SavedImage> read_list(const FileSet& files) {
    const auto text = files.text("manifest.json", kMaxList);
    if (!text) {
        Error error(Errc::invalid, "{} was not written by `docker save`: it has no manifest.json",
                    files.name());
        if (files.open("index.json")) {
            error.set_hint("it is an OCI archive: use oci-archive");
        } else if (files.open("repositories")) {
            error.set_code(Errc::unsupported)
                .set_hint("it was written by Docker before 1.10: save it again");
        }
        throw error;
    }
    const auto what = files.name() + ": manifest.json";
    const auto json = base::parse_json(*text, what);
    if (!json.is_array()) throw Error(Errc::invalid, "{} is not a list of images", what);
    std::vector<SavedImage> out;
    for (const auto& entry : json) {
        out.push_back({.config = base::require_string(entry, "Config", what),
                       .tags = strings(entry, "RepoTags", what),
                       .layers = strings(entry, "Layers", what)});
    }
    return out;
}

std::string_view layer_type(base::RewindableSource& layer) {
    std::array<std::byte, 4> front{};
    const auto count = layer.read(front);
    layer.rewind(0);
    const auto magic = base::as_text(base::Bytes(front).first(count));
    if (magic.starts_with("\x1f\x8b")) return media_type::kOciLayerGzip;
    if (magic == "\x28\xb5\x2f\xfd") return "application/vnd.oci.image.layer.v1.tar+zstd";
    return "application/vnd.oci.image.layer.v1.tar";
}

base::Digest digest_of(base::Source& source) {
    base::Hasher hasher;
    std::vector<std::byte> buffer(base::kCopyBuffer);
    while (const auto count = source.read(buffer))
        hasher.update(base::Bytes(buffer).first(count));
    return hasher.finish();
}

class DockerArchive final : public ImageStore {
  public:
    explicit DockerArchive(std::shared_ptr<const FileSet> files)
        : files_(std::move(files)), images_(read_list(*files_)) {}

    Manifest find(const Reference& wanted, const std::string& name) override {
        const auto& image = choose(wanted, name);
        const auto what = fmt::format("{}: {}", files_->name(), image.config);
        const auto config = open(image.config)->size() <= kMaxConfig
                                ? files_->text(plain(image.config), kMaxConfig)
                                : std::nullopt;
        if (!config) throw Error(Errc::invalid, "{} is larger than {} bytes", what, kMaxConfig);
        const auto diff_ids = read_diff_ids(*config, what);
        if (diff_ids.size() != image.layers.size()) {
            throw Error(Errc::invalid, "{} has {} layers, but manifest.json lists {}", what,
                        diff_ids.size(), image.layers.size());
        }
        const Descriptor config_descriptor{.media_type = std::string(media_type::kOciConfig),
                                           .digest = base::sha256(*config),
                                           .size = config->size()};
        remember(config_descriptor, image.config);
        Json json{{"schemaVersion", 2},
                  {"mediaType", media_type::kOciManifest},
                  {"config", config_descriptor.to_json()},
                  {"layers", Json::array()}};
        for (std::size_t i = 0; i < diff_ids.size(); ++i)
            json["layers"].push_back(layer(image.layers[i], diff_ids[i]).to_json());
        return Manifest::parse(base::dump_json(json), media_type::kOciManifest, what);
    }

    Manifest manifest(const Descriptor& descriptor) override {
        throw Error(Errc::internal, "{} has no index that lists {}", files_->name(),
                    descriptor.digest.text());
    }

    std::unique_ptr<base::RewindableSource> blob(const Descriptor& descriptor) override {
        const std::lock_guard lock(mutex_);
        const auto at = paths_.find(descriptor.digest);
        if (at == paths_.end()) {
            throw Error(Errc::internal, "{}: {} was not looked up before", files_->name(),
                        descriptor.digest.text());
        }
        return open(at->second);
    }

  private:
    const SavedImage& choose(const Reference& wanted, const std::string& name) const {
        const SavedImage* found = nullptr;
        for (const auto& image : images_) {
            const bool hit = std::ranges::any_of(image.tags, [&](const std::string& tag) {
                return name.empty() ? names_reference(tag, wanted) : tag == name;
            });
            if (!hit) continue;
            if (found != nullptr && found->config != image.config) {
                throw Error(Errc::invalid, "{} has two images named {}", files_->name(),
                            name.empty() ? wanted.text() : name)
                    .set_hint("save each platform to a separate file");
            }
            found = &image;
        }
        if (found == nullptr && name.empty() && images_.size() == 1 && images_.front().tags.empty())
            found = &images_.front();
        if (found != nullptr) return *found;
        throw Error(Errc::not_found, "{} has no image {}; available: {}", files_->name(),
                    name.empty() ? wanted.text() : name, listed())
            .set_hint("set the image's name in that file next to its path: name: NAME");
    }

    std::string listed() const {
        std::vector<std::string> names;
        for (const auto& image : images_) {
            names.insert(names.end(), image.tags.begin(), image.tags.end());
            if (image.tags.empty()) names.emplace_back("an unnamed image");
        }
        return base::shortlist(std::move(names));
    }

    // The digests of the uncompressed layers, from the image's config.
    static std::vector<base::Digest> read_diff_ids(const std::string& config,
                                                   const std::string& what) {
        const auto json = base::parse_json(config, what);
        const auto& ids =
            base::require_array(base::require_object(json, "rootfs", what), "diff_ids", what);
        if (ids.size() > kMaxLayers)
            throw Error(Errc::invalid, "{}: more than {} layers", what, kMaxLayers);
        std::vector<base::Digest> out;
        for (const auto& id : ids) {
            if (!id.is_string()) throw Error(Errc::invalid, "{}: diff_ids must be strings", what);
            out.push_back(base::Digest::parse(id.get_ref<const std::string&>()));
        }
        return out;
    }

    Descriptor layer(const std::string& path, const base::Digest& diff_id) {
        const auto source = open(path);
        const auto type = layer_type(*source);
        // The config does not hold the digest of a compressed layer.
        const bool plain_tar = type == "application/vnd.oci.image.layer.v1.tar";
        Descriptor descriptor{.media_type = std::string(type),
                              .digest = plain_tar ? diff_id : digest_of(*source),
                              .size = source->size()};
        remember(descriptor, path);
        return descriptor;
    }

    void remember(const Descriptor& descriptor, const std::string& path) {
        const std::lock_guard lock(mutex_);
        paths_.emplace(descriptor.digest, path);
    }

    std::string plain(const std::string& path) const {
        if (auto out = plain_path(path)) return *out;
        throw Error(Errc::invalid, "{}: manifest.json lists \"{}\", which is outside the archive",
                    files_->name(), path);
    }

    std::unique_ptr<base::RewindableSource> open(const std::string& path) const {
        auto source = files_->open(plain(path));
        if (!source) {
            throw Error(Errc::invalid,
                        "{}: manifest.json lists {}, which the archive does not contain",
                        files_->name(), path)
                .set_hint("it is truncated or was assembled by hand: save the image again");
        }
        return source;
    }

    std::shared_ptr<const FileSet> files_;
    std::vector<SavedImage> images_;
    std::mutex mutex_;
    std::map<base::Digest, std::string> paths_;
};

}  // namespace

std::shared_ptr<ImageStore> open_docker_archive(std::shared_ptr<const FileSet> files) {
    return std::make_shared<DockerArchive>(std::move(files));
}

}  // namespace airlock::images
