// A blob that the archive will hold, before its bytes are there.
#pragma once

#include "bundler/image_origin.hpp"
#include "images/descriptor.hpp"

#include <memory>
#include <string>

namespace airlock::bundler {

// Bytes we have, or bytes to copy from where the image comes from.
struct PlannedBlob {
    images::Descriptor descriptor;
    std::shared_ptr<const std::string> bytes;
    std::shared_ptr<ImageOrigin> origin;
};

}  // namespace airlock::bundler
