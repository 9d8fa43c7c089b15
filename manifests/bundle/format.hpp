// Names and media types of bundle format 1 (docs/bundle-format.md), shared by writer and reader.
#pragma once

#include "base/archive.hpp"
#include "base/digest.hpp"
#include "manifests/bundle/lock.hpp"

#include <string>
#include <string_view>

namespace airlock::manifests::bundle_format {

inline constexpr std::string_view kArtifactType = "application/vnd.airlock.bundle.v1+json";
inline constexpr std::string_view kLockType = "application/vnd.airlock.bundle.lock.v1+json";
inline constexpr std::string_view kFileType = "application/vnd.airlock.bundle.file.v1";
inline constexpr std::string_view kTitle = "org.opencontainers.image.title";
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kContainerdName = "io.containerd.image.name";
inline constexpr std::string_view kDescription = "bundle.yaml";

inline constexpr std::string_view kLayoutPath = "oci-layout";
inline constexpr std::string_view kLayoutText = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr std::string_view kIndexPath = "index.json";
inline constexpr std::string_view kSignaturePath = "index.json.sig";
inline constexpr std::string_view kInstallerPath = "airlock-installer";

inline std::string blob_path(const base::Digest& digest) {
    return "blobs/" + std::string(digest.algorithm()) + "/" + std::string(digest.hex());
}
inline base::TarEntry plain_entry(std::string_view path, std::uint64_t size) {
    return {
        .path = std::string(path), .size = size, .mode = path == kInstallerPath ? 0755U : 0644U};
}

// index.json, which is fully determined by the lock and the kit's manifest: a reader generates it
// again and compares, so corruption is detected even in an unsigned bundle.
std::string index_text(const Lock& lock, const images::Descriptor& kit);

}  // namespace airlock::manifests::bundle_format
