// From bundle.yaml to the complete content of the archive, with every size known before a layer is
// fetched: reads files, resolves image references to digests, and creates the lock, the kit's
// artifact and the index.
#pragma once

#include "bundler/planned_blob.hpp"
#include "bundler/sources.hpp"
#include "manifests/bundle/bundle_yaml.hpp"
#include "manifests/bundle/lock.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::bundler {

struct BuildOptions {
    std::filesystem::path description = "bundle.yaml";
    std::vector<std::string> components = {};  // optional ones to include
    std::optional<images::Platform> platform;  // overrides those in bundle.yaml
    std::optional<manifests::Lock> locked;     // must resolve to exactly this
    // Default: airlock-installer in the directory of this program.
    std::optional<std::filesystem::path> installer;
    std::size_t concurrency = 4;
};

struct BuildPlan {
    manifests::Lock lock;
    std::string lock_text;
    std::string kit_manifest;
    std::string index;
    std::string installer;           // the program
    std::vector<PlannedBlob> blobs;  // in the order of Lock::blobs
};

// Errc::invalid, listing every finding with file, line and field, when a manifest references an
// image that is not among the components' images; Errc::conflict when the result differs from the
// lock.
BuildPlan make_build_plan(const BuildOptions& options, Sources& sources,
                          const std::stop_token& stop);

}  // namespace airlock::bundler
