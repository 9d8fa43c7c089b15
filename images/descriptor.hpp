// A reference to content: media type, digest, size (OCI image-spec 1.1, descriptor.md).
#pragma once

#include "base/digest.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::images {

namespace media_type {
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciEmpty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
bool is_index(std::string_view type);     // OCI index or Docker list
bool is_manifest(std::string_view type);  // OCI or Docker schema 2 image manifest
}  // namespace media_type

// os/architecture[/variant], such as linux/arm64/v8.
struct Platform {
    std::string os = "linux";
    std::string architecture = "amd64";
    std::string variant;

    static Platform parse(std::string_view text);  // Errc::usage
    std::string text() const;
    // Without a variant, accepts any variant.
    bool accepts(const Platform& offered) const;
    auto operator<=>(const Platform&) const = default;
};

struct Descriptor {
    std::string media_type;
    base::Digest digest;
    std::uint64_t size = 0;
    std::optional<Platform> platform = std::nullopt;
    std::map<std::string, std::string> annotations = {};

    // Errc::invalid, naming `what`; sizes above 1 TiB are rejected.
    static Descriptor from_json(const base::Json& json, std::string_view what);
    base::Json to_json() const;
};

}  // namespace airlock::images
