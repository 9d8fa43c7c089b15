// Which blobs, manifests and tags of a bundle the private registry lacks. Reads the registry, never
// changes it.
#pragma once

#include "images/registry.hpp"
#include "installer/plan/image_placement.hpp"
#include "manifests/bundle/reader.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace airlock::installer {

struct BlobPush {
    base::Digest digest;
    std::uint64_t size = 0;
    std::vector<std::string> repositories;  // that lack it
};

struct TagMove {
    std::string repository;
    std::string tag;
    std::optional<base::Digest> old_digest;  // absent: the tag is new
    base::Digest new_digest;
};

struct PushPlan {
    std::vector<BlobPush> blobs;                                  // largest first
    std::vector<std::pair<std::string, base::Digest>> manifests;  // children before their index
    std::vector<TagMove> tags;
    std::uint64_t bytes = 0;  // of all blobs

    bool empty() const { return blobs.empty() && manifests.empty() && tags.empty(); }
};

PushPlan plan_push(images::RegistryClient& registry, const manifests::Bundle& bundle,
                   const std::vector<ImagePlacement>& placements, std::size_t concurrency,
                   const std::stop_token& stop);

}  // namespace airlock::installer
