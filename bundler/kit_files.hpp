// The kit's manifest files: read from the directory of bundle.yaml or fetched by URL, and checked
// for images that the bundle lacks.
#pragma once

#include "bundler/sources.hpp"
#include "manifests/bundle/bundle_yaml.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace airlock::bundler {

struct KitFile {
    std::string source;  // as in bundle.yaml
    std::string text;
};

// In the order of the components. Errc::integrity when a file does not have the sha256 in
// bundle.yaml.
std::vector<KitFile> read_kit_files(const std::vector<manifests::Component>& components,
                                    const std::filesystem::path& directory, Sources& sources);

// Errc::invalid, with one line per finding, unless every image that the manifests reference is one
// of the components' images.
void require_all_images(const manifests::BundleSpec& spec,
                        const std::vector<manifests::Component>& components,
                        const std::vector<KitFile>& files);

}  // namespace airlock::bundler
