// Resolves an image of the kit from its tag to the digests of all its parts, without fetching
// layers.
#pragma once

#include "bundler/planned_blob.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <filesystem>
#include <vector>

namespace airlock::bundler {

struct ResolvedImage {
    images::Descriptor root;             // as listed in the bundle's index
    std::string source;                  // provenance
    std::vector<PlannedBlob> manifests;  // root, an index's children, and the configs
    std::vector<PlannedBlob> layers;
};

// Selects the given platforms from an index: all of them keep the index unchanged, one gives that
// image itself, several give an index of those. Errc::not_found, listing the available platforms,
// when the index or a single image's config does not match.
ResolvedImage resolve_image(const manifests::ImageSpec& image,
                            const std::vector<images::Platform>& platforms,
                            const std::shared_ptr<ImageOrigin>& origin);

// Builds the image from local files: relative paths are resolved in `directory`, then in the
// directory of this program.
ResolvedImage build_from_files(const manifests::ImageSpec& image, const images::Platform& platform,
                               const std::filesystem::path& directory);

}  // namespace airlock::bundler
