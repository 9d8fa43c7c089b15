// Shared by the tests of the bundler: a directory with a bundle.yaml, small images in a layout next
// to it or in a registry, and building a bundle from them.
#pragma once

#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "images/registry.hpp"
#include "manifests/bundle/reader.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/test_image.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace airlock::bundler::test {

using airlock::test::index_of;
using airlock::test::noise;
using airlock::test::push;
using airlock::test::small_image;
using airlock::test::SmallImage;

// A client for a registry on the loopback address.
images::RegistryClient plain_client(const std::string& host);
// Uses `host` as a mirror of quay.io; three attempts without delay.
SourceOptions plain_sources(const std::string& host);

class KitFolder {
  public:
    KitFolder();

    // Writes bundle.yaml; the argument is the content of its "components".
    void describe(std::string_view components) const;
    std::filesystem::path write(std::string_view name, std::string_view text) const {
        return folder_.write(name, text);
    }
    std::string read(std::string_view name) const { return folder_.read(name); }
    std::filesystem::path path(std::string_view name) const { return folder_ / name; }

    // Adds to the OCI layout in the directory `layout`, under a tag.
    void add(const std::string& tag, const SmallImage& image);
    void add(const std::string& tag, const images::Manifest& index,
             const std::vector<SmallImage>& parts);

    // Empties the layout.
    void forget_images();

    // To inspect, not to write: the registry clients no longer exist when it returns.
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
