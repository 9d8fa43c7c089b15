// Builds an image from files, without a container engine: a single layer, and the same input gives
// the same bytes.
#pragma once

#include "base/archive.hpp"
#include "images/manifest.hpp"

#include <map>
#include <string>
#include <vector>

namespace airlock::images {

struct ImageRecipe {
    std::vector<base::TarFile> files;
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> env;  // NAME=value
    std::string user;
    std::string workdir;
    std::map<std::string, std::string> labels;
    Platform platform;
};

struct BuiltImage {
    Manifest manifest;
    std::string config;
    std::string layer;  // tar+gzip
    Descriptor config_descriptor;
    Descriptor layer_descriptor;
};

// OCI image-spec 1.1; the creation time is the Unix epoch.
BuiltImage build_image(const ImageRecipe& recipe);

}  // namespace airlock::images
