// A blob that the archive will contain.
#pragma once

#include "bundler/image_origin.hpp"
#include "images/descriptor.hpp"

#include <memory>
#include <string>

namespace airlock::bundler {

// Either `bytes`, or content to copy from `origin`.
struct PlannedBlob {
    images::Descriptor descriptor;
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<ImageOrigin> origin;
};

}  // namespace airlock::bundler
