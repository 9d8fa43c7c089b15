// Creates image layers from files.
#pragma once

#include "base/archive.hpp"
#include "base/digest.hpp"

#include <string>
#include <vector>

namespace airlock::images {

struct Layer {
    std::string gzip;      // tar, compressed
    base::Digest diff_id;  // of the uncompressed tar (OCI image-spec 1.1, config.md)
};

// The same files give the same bytes.
Layer make_layer(const std::vector<base::TarFile>& files);

}  // namespace airlock::images
