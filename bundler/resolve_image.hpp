// One image of the kit, resolved: from its tag to the digests of all that it consists of, without
// its layers.
#pragma once

#include "bundler/planned_blob.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <filesystem>
#include <vector>

namespace airlock::bundler {

struct ResolvedImage {
    images::Descriptor root;             // what the bundle lists
    std::string source;                  // provenance
    std::vector<PlannedBlob> manifests;  // root and, below an index, its children; and the configs
    std::vector<PlannedBlob> layers;
};

// Of an index the wanted platforms are taken: all that it has keep it as it is; one gives that
// image itself; some give an index of those. Errc::not_found, listing what there is, when a
// platform is absent, from an index or by a single image's config.
ResolvedImage resolve_image(const manifests::ImageSpec& image,
                            const std::vector<images::Platform>& platforms,
                            const std::shared_ptr<ImageOrigin>& origin);

// From files on this host: a relative path is looked for in `folder`, then beside this program.
ResolvedImage build_from_files(const manifests::ImageSpec& image, const images::Platform& platform,
                               const std::filesystem::path& folder);

}  // namespace airlock::bundler
