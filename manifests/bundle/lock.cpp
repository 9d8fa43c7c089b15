#include "manifests/bundle/lock.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;
using base::Json;

constexpr std::string_view kApiVersion = "airlock.dev/v1";
constexpr std::string_view kKind = "Lock";

LockedBlob blob_from(const Json& json, std::string_view what) {
    return {.digest = base::Digest::parse(base::require_string(json, "digest", what)),
            .size = base::require_size(json, "size", what)};
}

Json blob_json(const base::Digest& digest, std::uint64_t size) {
    return {{"digest", digest.text()}, {"size", size}};
}

}  // namespace

Lock Lock::parse(std::string_view text, std::string_view what) {
    const auto json = base::parse_json(text, what);
    if (base::get_string(json, "apiVersion", what) != kApiVersion ||
        base::get_string(json, "kind", what) != kKind) {
        throw Error(Errc::invalid, "{} is not a lock of this format ({}, kind {})", what,
                    kApiVersion, kKind);
    }
    Lock lock;
    const auto& bundle = base::require_object(json, "bundle", what);
    lock.name = base::require_string(bundle, "name", what);
    lock.version = base::require_string(bundle, "version", what);
    for (const auto& file : base::require_array(json, "files", what)) {
        const auto blob = blob_from(file, what);
        lock.files.push_back({.source = base::require_string(file, "source", what),
                              .digest = blob.digest,
                              .size = blob.size});
    }
    for (const auto& image : base::require_array(json, "images", what)) {
        LockedImage locked{
            .reference = images::Reference::parse(base::require_string(image, "reference", what)),
            .descriptor = images::Descriptor::from_json(
                base::require_object(image, "descriptor", what), what),
            .components = {},
            .source = base::get_string(image, "source", what)};
        for (const auto& name : base::require_array(image, "components", what)) {
            if (!name.is_string())
                throw Error(Errc::invalid, "{}: component names must be strings", what);
            locked.components.push_back(name.get<std::string>());
        }
        lock.images.push_back(std::move(locked));
    }
    if (const auto* installer = base::find(json, "installer"))
        lock.installer = blob_from(*installer, what);
    for (const auto& blob : base::require_array(json, "blobs", what))
        lock.blobs.push_back(blob_from(blob, what));
    return lock;
}

std::string Lock::text() const {
    Json json{{"apiVersion", kApiVersion},
              {"kind", kKind},
              {"bundle", {{"name", name}, {"version", version}}}};
    json["files"] = Json::array();
    for (const auto& file : files) {
        auto entry = blob_json(file.digest, file.size);
        entry["source"] = file.source;
        json["files"].push_back(std::move(entry));
    }
    json["images"] = Json::array();
    for (const auto& image : images) {
        json["images"].push_back({{"reference", image.reference.text()},
                                  {"descriptor", image.descriptor.to_json()},
                                  {"components", image.components},
                                  {"source", image.source}});
    }
    if (installer) json["installer"] = blob_json(installer->digest, installer->size);
    json["blobs"] = Json::array();
    for (const auto& blob : blobs)
        json["blobs"].push_back(blob_json(blob.digest, blob.size));
    return base::dump_json(json, 1) + "\n";
}

}  // namespace airlock::manifests
