#include "base/error.hpp"
#include "base/json.hpp"
#include "base/shortlist.hpp"
#include "images/image_store.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;

constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kContainerdName = "io.containerd.image.name";
constexpr std::size_t kMaxIndex = 16 * 1024 * 1024;
constexpr std::size_t kMaxVersion = 4096;

std::string annotation(const Descriptor& descriptor, std::string_view key) {
    const auto at = descriptor.annotations.find(std::string(key));
    return at == descriptor.annotations.end() ? std::string() : at->second;
}

// containerd's name is complete; a bare tag next to it may belong to any repository.
bool is_called(const Descriptor& descriptor, const Reference& wanted) {
    if (wanted.digest()) return descriptor.digest == *wanted.digest();
    const auto whole = annotation(descriptor, kContainerdName);
    if (!whole.empty()) return names_reference(whole, wanted);
    const auto name = annotation(descriptor, kRefName);
    return name == wanted.tag() || names_reference(name, wanted);
}

bool is_called(const Descriptor& descriptor, const std::string& name) {
    return name == annotation(descriptor, kRefName) ||
           name == annotation(descriptor, kContainerdName) || name == descriptor.digest.text();
}

std::string label(const Descriptor& descriptor) {
    for (const auto key : {kContainerdName, kRefName}) {
        if (auto text = annotation(descriptor, key); !text.empty()) return text;
    }
    return descriptor.digest.text();
}

class OciLayout final : public ImageStore {
  public:
    explicit OciLayout(std::shared_ptr<const FileSet> files)
        : files_(std::move(files)), images_(read_index(*files_)) {}

    Manifest find(const Reference& wanted, const std::string& name) override {
        std::vector<Descriptor> found;
        for (const auto& image : images_) {
            const bool hit = name.empty() ? is_called(image, wanted) : is_called(image, name);
            if (hit && std::ranges::find(found, image.digest, &Descriptor::digest) == found.end())
                found.push_back(image);
        }
        const bool nameless = name.empty() && images_.size() == 1 &&
                              label(images_.front()) == images_.front().digest.text();
        if (found.empty() && nameless && !wanted.digest()) found = images_;
        const auto& sought = name.empty() ? wanted.text() : name;
        if (found.empty()) {
            throw Error(Errc::not_found, "{} has no image {}; available: {}", files_->name(),
                        sought, listed())
                .set_hint("set the image's name in that file next to its path: name: NAME");
        }
        if (found.size() > 1) {
            throw Error(Errc::invalid, "{} has {} images named {}", files_->name(), found.size(),
                        sought)
                .set_hint(fmt::format("select one by its digest, next to the path: name: {}",
                                      found.front().digest.text()));
        }
        return manifest(found.front());
    }

    Manifest manifest(const Descriptor& descriptor) override {
        const auto what = fmt::format("{}: {}", files_->name(), descriptor.digest.text());
        if (descriptor.size > kMaxManifest)
            throw Error(Errc::invalid, "{} is larger than {} bytes", what, kMaxManifest);
        const auto source = blob(descriptor);
        base::VerifyingSource verified(*source, descriptor.size, descriptor.digest, what);
        return Manifest::parse(base::read_all(verified, kMaxManifest, what), descriptor.media_type,
                               what);
    }

    std::unique_ptr<base::RewindableSource> blob(const Descriptor& descriptor) override {
        const auto& digest = descriptor.digest;
        auto source = files_->open(fmt::format("blobs/{}/{}", digest.algorithm(), digest.hex()));
        if (!source) {
            throw Error(Errc::not_found, "{} lists {}, but does not contain it", files_->name(),
                        digest.text())
                .set_hint("it is incomplete: save the whole image again");
        }
        return source;
    }

  private:
    static std::vector<Descriptor> read_index(const FileSet& files) {
        const auto version = files.text("oci-layout", kMaxVersion);
        const auto index = files.text("index.json", kMaxIndex);
        if (!version || !index) {
            Error error(Errc::invalid, "{} is not an OCI layout: it has no {}", files.name(),
                        version ? "index.json" : "oci-layout");
            if (files.open("manifest.json"))
                error.set_hint("it was written by `docker save`: use docker-archive");
            throw error;
        }
        const auto what = files.name() + ": oci-layout";
        const auto number =
            base::get_string(base::parse_json(*version, what), "imageLayoutVersion", what);
        if (!number.starts_with("1."))
            throw Error(Errc::unsupported, "{}: version \"{}\" is not supported; must be 1.x", what,
                        number);
        auto listed = Manifest::parse(*index, media_type::kOciIndex, files.name() + ": index.json");
        std::erase_if(listed.manifests, [](const Descriptor& descriptor) {
            return !media_type::is_index(descriptor.media_type) &&
                   !media_type::is_manifest(descriptor.media_type);
        });
        return std::move(listed.manifests);
    }

    std::string listed() const {
        std::vector<std::string> names;
        for (const auto& image : images_)
            names.push_back(label(image));
        return base::shortlist(std::move(names));
    }

    std::shared_ptr<const FileSet> files_;
    std::vector<Descriptor> images_;
};

}  // namespace

bool names_reference(std::string_view name, const Reference& wanted) {
    // "1.2" alone is a tag, not the repository docker.io/library/1.2.
    if (name.find_first_of("/:") == std::string_view::npos) return false;
    const auto reference = Reference::try_parse(name);
    return reference && reference->name() == wanted.name() && reference->tag() == wanted.tag();
}

std::shared_ptr<ImageStore> open_oci_layout(std::shared_ptr<const FileSet> files) {
    return std::make_shared<OciLayout>(std::move(files));
}

}  // namespace airlock::images
