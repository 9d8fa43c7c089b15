// Where each image of a bundle goes in the private registry. Pure.
#pragma once

#include "manifests/bundle/lock.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct ImagePlacement {
    std::string original;    // quay.io/jetstack/x:v1
    std::string repository;  // PREFIX/jetstack/x
    std::string tag;         // empty for a reference by digest alone
    base::Digest digest;

    // REGISTRY/REPOSITORY:TAG@DIGEST, as manifests name it.
    std::string reference(const std::string& registry) const;
};

// The original path without its host, under the prefix. Errc::usage when two different images would
// get the same tag.
std::vector<ImagePlacement> place_images(const std::vector<manifests::LockedImage>& images,
                                         const std::string& prefix);

}  // namespace airlock::installer
