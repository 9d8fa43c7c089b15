// The kit's manifest files: read beside bundle.yaml or fetched by URL, and checked for images that
// nobody packs.
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

// In the order of the components. Errc::integrity when a file does not have the sha256 that
// bundle.yaml says.
std::vector<KitFile> read_kit_files(const std::vector<manifests::Component>& components,
                                    const std::filesystem::path& folder, Sources& sources);

// Errc::invalid with one line a finding unless every image that the manifests name is one of the
// components' images.
void require_all_images(const manifests::BundleSpec& spec,
                        const std::vector<manifests::Component>& components,
                        const std::vector<KitFile>& files);

}  // namespace airlock::bundler
