// Small images for tests: from arbitrary bytes, or real ones whose layer can be unpacked.
#pragma once

#include "images/image_builder.hpp"
#include "images/registry.hpp"

#include <map>
#include <string>
#include <vector>

namespace airlock::test {

// Bytes that do not compress; the same seed gives the same bytes.
std::string noise(std::size_t size, unsigned seed = 1);

// The minimal config of an image, with the digests of its uncompressed layers.
base::Json image_config(const std::vector<std::string>& diff_ids,
                        const images::Platform& platform = {});

// An image with a single executable, /app.
images::BuiltImage app_image(const std::string& content,
                             const std::string& platform = "linux/amd64");

struct SmallImage {
    images::Manifest manifest;
    std::map<base::Digest, std::string> blobs;  // config and layers
};
// Its layers are arbitrary bytes: nothing in these tests unpacks them.
SmallImage small_image(const std::vector<std::string>& layers,
                       const std::string& platform = "linux/amd64");
SmallImage small_image(const images::BuiltImage& built);
images::Manifest index_of(const std::vector<SmallImage>& parts,
                          const std::vector<std::string>& platforms);

void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const SmallImage& image);
void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const images::Manifest& index, const std::vector<SmallImage>& parts);

}  // namespace airlock::test
