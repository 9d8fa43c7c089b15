// The bundle's images into the private registry: what is missing there is found out first, then
// each blob is sent once and mounted wherever else it belongs, then manifests, and tags last. Blobs
// that are there are not even read.
#pragma once

#include "images/registry.hpp"
#include "manifests/bundle.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::installer {

// An image and where it goes.
struct PushTarget {
    std::string original;    // quay.io/jetstack/x:v1
    std::string repository;  // PREFIX/jetstack/x
    std::string tag;         // empty for a reference by digest alone
    base::Digest digest;
};

struct BlobPush {
    base::Digest digest;
    std::uint64_t size = 0;
    std::vector<std::string> repositories;  // that miss it
};

struct TagMove {
    std::string repository;
    std::string tag;
    std::optional<base::Digest> old_digest;  // nothing: the tag is new
    base::Digest new_digest;
};

struct PushPlan {
    std::vector<BlobPush> blobs;                                  // largest first
    std::vector<std::pair<std::string, base::Digest>> manifests;  // children before their index
    std::vector<TagMove> tags;
    std::uint64_t bytes = 0;  // to send

    bool empty() const { return blobs.empty() && manifests.empty() && tags.empty(); }
};

// The original path without its host, under the prefix. Errc::usage when two different images would
// meet.
std::vector<PushTarget> plan_targets(const std::vector<manifests::LockedImage>& images,
                                     const std::string& prefix);

PushPlan plan_push(images::RegistryClient& registry, const manifests::Bundle& bundle,
                   const std::vector<PushTarget>& targets, std::size_t concurrency,
                   const std::stop_token& stop);

// Errc::bundle_refused when a byte of what is going to be sent is wrong.
void verify_blobs(const manifests::Bundle& bundle, const PushPlan& plan,
                  const std::stop_token& stop);

// Blobs and manifests; not the tags.
void push(images::RegistryClient& registry, const manifests::Bundle& bundle, const PushPlan& plan,
          std::size_t concurrency, const std::stop_token& stop);

void move_tag(images::RegistryClient& registry, const manifests::Bundle& bundle,
              const TagMove& move);

}  // namespace airlock::installer
