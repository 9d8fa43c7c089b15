#include "images/descriptor.hpp"

#include "base/error.hpp"

namespace airlock::images {

using base::Errc;
using base::Error;

namespace media_type {

bool is_index(std::string_view type) {
    return type == kOciIndex || type == kDockerList;
}
bool is_manifest(std::string_view type) {
    return type == kOciManifest || type == kDockerManifest;
}

}  // namespace media_type

namespace {

constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 40U;

}  // namespace

Platform Platform::parse(std::string_view text) {
    const auto first = text.find('/');
    const auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
    Platform out;
    out.os = text.substr(0, first);
    out.architecture = first == std::string_view::npos ? std::string_view()
                                                       : text.substr(first + 1, second - first - 1);
    if (second != std::string_view::npos) out.variant = text.substr(second + 1);
    if (out.os.empty() || out.architecture.empty() || out.variant.find('/') != std::string::npos) {
        throw Error(Errc::usage,
                    "invalid platform \"{}\": must be os/architecture or os/architecture/variant",
                    text)
            .set_hint("for example linux/amd64");
    }
    return out;
}

std::string Platform::text() const {
    return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

bool Platform::accepts(const Platform& offered) const {
    return os == offered.os && architecture == offered.architecture &&
           (variant.empty() || variant == offered.variant);
}

Descriptor Descriptor::from_json(const base::Json& json, std::string_view what) {
    auto type = base::require_string(json, "mediaType", what);
    const auto digest = base::require_string(json, "digest", what);
    Descriptor out{.media_type = std::move(type),
                   .digest = base::with_context(what, [&] { return base::Digest::parse(digest); }),
                   .size = base::require_size(json, "size", what)};
    if (out.size > kMaxSize)
        throw Error(Errc::invalid, "{}: {} bytes are too large for a blob", what, out.size);
    if (const auto* platform = base::find(json, "platform")) {
        if (!platform->is_object())
            throw Error(Errc::invalid, "{}: \"platform\" must be an object", what);
        out.platform = Platform{.os = base::get_string(*platform, "os", what),
                                .architecture = base::get_string(*platform, "architecture", what),
                                .variant = base::get_string(*platform, "variant", what)};
    }
    if (const auto* annotations = base::find(json, "annotations")) {
        if (!annotations->is_object())
            throw Error(Errc::invalid, "{}: \"annotations\" must be an object", what);
        for (const auto& [key, value] : annotations->items()) {
            if (!value.is_string())
                throw Error(Errc::invalid, "{}: annotation \"{}\" must be a string", what, key);
            out.annotations.emplace(key, value.get<std::string>());
        }
    }
    return out;
}

base::Json Descriptor::to_json() const {
    base::Json json{{"mediaType", media_type}, {"digest", digest.text()}, {"size", size}};
    if (platform) {
        json["platform"] = {{"os", platform->os}, {"architecture", platform->architecture}};
        if (!platform->variant.empty()) json["platform"]["variant"] = platform->variant;
    }
    if (!annotations.empty()) json["annotations"] = annotations;
    return json;
}

}  // namespace airlock::images
