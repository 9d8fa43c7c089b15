// A layer made of files, as an image that is built has it.
#pragma once

#include "base/archive.hpp"
#include "base/digest.hpp"

#include <string>
#include <vector>

namespace airlock::images {

struct Layer {
    std::string gzip;      // tar, compressed
    base::Digest diff_id;  // of the tar itself (OCI image-spec 1.1, config.md)
};

// The same files give the same bytes.
Layer make_layer(const std::vector<base::TarFile>& files);

}  // namespace airlock::images
