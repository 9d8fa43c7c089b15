// From bundle.yaml to everything that the archive will hold, with every size known before a layer
// is fetched: files read, image references resolved to digests, the lock, the kit's artifact and
// the index.
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
    std::vector<std::string> components = {};  // optional ones to take
    std::optional<images::Platform> platform;  // instead of those in bundle.yaml
    std::optional<manifests::Lock> locked;     // resolve to exactly this
    std::optional<std::filesystem::path>
        installer;  // default: airlock-installer beside this program
    std::size_t concurrency = 4;
};

struct BuildPlan {
    manifests::Lock lock;
    std::string lock_text;
    std::string kit_manifest;
    std::string index;
    std::string installer;           // the program; empty for none
    std::vector<PlannedBlob> blobs;  // in the order of Lock::blobs
};

// Errc::invalid, listing every finding with file, line and field, when a manifest names an image
// that is not among the components' images; Errc::conflict when --locked does not fit.
BuildPlan make_build_plan(const BuildOptions& options, Sources& sources,
                          const std::stop_token& stop);

}  // namespace airlock::bundler
