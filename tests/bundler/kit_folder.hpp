// What the tests of the bundler share: a folder with a bundle.yaml, small images in a layout beside
// it or in a registry, and the build from the one to the other.
#pragma once

#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "images/registry.hpp"
#include "manifests/bundle/reader.hpp"
#include "tests/support/temp_folder.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::bundler::test {

// Bytes that do not compress; the same for the same seed.
std::string noise(std::size_t size, unsigned seed = 1);

struct SmallImage {
    images::Manifest manifest;
    std::map<base::Digest, std::string> blobs;  // config and layers
};
// Its layers are any bytes: nobody here unpacks them.
SmallImage small_image(const std::vector<std::string>& layers,
                       const std::string& platform = "linux/amd64");
images::Manifest index_of(const std::vector<SmallImage>& parts,
                          const std::vector<std::string>& platforms);

void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const SmallImage& image);
void push(images::RegistryClient& registry, const std::string& repository, const std::string& tag,
          const images::Manifest& index, const std::vector<SmallImage>& parts);
// Of a registry on loopback.
images::RegistryClient plain_client(const std::string& host);
// What quay.io has, from that host; three tries, at once.
SourceOptions plain_sources(const std::string& host);

class KitFolder {
  public:
    KitFolder();

    // bundle.yaml, from "components:" on.
    void describe(std::string_view components) const;
    std::filesystem::path write(std::string_view name, std::string_view text) const {
        return folder_.write(name, text);
    }
    std::string read(std::string_view name) const { return folder_.read(name); }
    std::filesystem::path path(std::string_view name) const { return folder_ / name; }

    // Into the OCI layout in the folder `layout`, by a tag.
    void add(const std::string& tag, const SmallImage& image);
    void add(const std::string& tag, const images::Manifest& index,
             const std::vector<SmallImage>& parts);

    // An empty layout again.
    void forget_images();

    // To look at, not to write: the registries' clients are gone when it is returned.
    BuildPlan plan(BuildOptions options = {}, SourceOptions sources = {}) const;
    std::uint64_t build(const std::string& name, std::size_t concurrency = 2,
                        SourceOptions sources = {}, const std::stop_token& stop = {}) const;
    manifests::Bundle open(const std::string& name) const;

  private:
    void add_blob(const base::Digest& digest, const std::string& bytes) const;
    void list(const std::string& tag, images::Descriptor descriptor);

    airlock::test::TempFolder folder_;
    base::Json layout_;
};

}  // namespace airlock::bundler::test
