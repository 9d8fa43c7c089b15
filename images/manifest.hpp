// Image manifests and indexes, OCI and Docker schema 2, with their raw bytes: a digest is only ever
// computed over bytes that were received.
#pragma once

#include "images/descriptor.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::images {

inline constexpr std::size_t kMaxManifest = 4 * 1024 * 1024;

struct Manifest {
    std::string raw;
    Descriptor descriptor;              // of raw
    std::optional<Descriptor> config;   // of an image; absent in an index
    std::vector<Descriptor> layers;     // of an image, in order
    std::vector<Descriptor> manifests;  // of an index
    std::string artifact_type;

    bool is_index() const { return media_type::is_index(descriptor.media_type); }

    // `type` is the Content-Type or the descriptor's media type; if empty, the mediaType field
    // applies. Errc::unsupported for schema 1 and other types, Errc::invalid for anything
    // malformed, both naming `what`.
    static Manifest parse(std::string raw, std::string_view type, std::string_view what);
    // The descriptors that it lists: config and layers, or manifests.
    std::vector<Descriptor> children() const;
};

}  // namespace airlock::images
