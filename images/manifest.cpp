#include "images/manifest.hpp"

#include "base/error.hpp"

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;
using base::Json;

constexpr std::size_t kMaxChildren = 10'000;

std::vector<Descriptor> descriptors(const Json& json, std::string_view key, std::string_view what) {
    std::vector<Descriptor> out;
    const auto& list = base::require_array(json, key, what);
    if (list.size() > kMaxChildren)
        throw Error(Errc::invalid, "{}: more than {} {}", what, kMaxChildren, key);
    for (const auto& entry : list)
        out.push_back(Descriptor::from_json(entry, what));
    return out;
}

// The mediaType field applies only when the type was not given. A mismatch would let one registry
// read an image where another reads an index (CVE-2021-41190).
std::string type_of(const Json& json, std::string_view given, std::string_view what) {
    auto field = base::get_string(json, "mediaType", what);
    const auto end = given.find_first_of("; ");
    std::string received(given.substr(0, end));
    if (!field.empty() && !received.empty() && field != received) {
        throw Error(Errc::invalid, "{}: media type mismatch: mediaType is {}, received as {}", what,
                    field, received);
    }
    if (!received.empty()) return received;
    if (!field.empty()) return field;
    return std::string(base::find(json, "manifests") != nullptr ? media_type::kOciIndex
                                                                : media_type::kOciManifest);
}

}  // namespace

Manifest Manifest::parse(std::string raw, std::string_view type, std::string_view what) {
    if (raw.size() > kMaxManifest)
        throw Error(Errc::invalid, "{} is larger than {} bytes", what, kMaxManifest);
    const auto json = base::parse_json(raw, what);
    const auto* version = base::find(json, "schemaVersion");
    if (version == nullptr || *version != 2) {
        throw Error(Errc::unsupported, "{} is not an image manifest of schema version 2", what)
            .set_hint("push an image of schema version 1 again with a current tool");
    }
    const auto media = type_of(json, type, what);
    const bool index = media_type::is_index(media);
    if (!index && !media_type::is_manifest(media))
        throw Error(Errc::unsupported, "{}: {} is not an image media type", what, media);
    const bool both =
        base::find(json, "manifests") != nullptr && base::find(json, "layers") != nullptr;
    if (both) throw Error(Errc::invalid, "{} is both an image and an index", what);

    Manifest out{
        .raw = {},
        .descriptor = {.media_type = media, .digest = base::sha256(raw), .size = raw.size()},
        .config = std::nullopt,
        .layers = {},
        .manifests = {},
        .artifact_type = base::get_string(json, "artifactType", what)};
    if (index) {
        out.manifests = descriptors(json, "manifests", what);
    } else {
        out.config = Descriptor::from_json(base::require_object(json, "config", what), what);
        out.layers = descriptors(json, "layers", what);
    }
    out.raw = std::move(raw);
    return out;
}

std::vector<Descriptor> Manifest::children() const {
    if (is_index()) return manifests;
    std::vector<Descriptor> out;
    if (config) out.push_back(*config);
    out.insert(out.end(), layers.begin(), layers.end());
    return out;
}

}  // namespace airlock::images
