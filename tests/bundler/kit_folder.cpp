#include "tests/bundler/kit_folder.hpp"

#include <cstdlib>

namespace airlock::bundler::test {

using base::Json;
using images::Descriptor;
using images::Manifest;

images::RegistryClient plain_client(const std::string& host) {
    return {host, {.trust = {}, .plain_http = true, .credentials = {}, .retry = {}}, {}};
}

SourceOptions plain_sources(const std::string& host) {
    return {.trust = {},
            .credentials = {},
            .plain_http = {host},
            .mirrors = {"quay.io=" + host},
            .retry = {.attempts = 3,
                      .first_delay = std::chrono::milliseconds(1),
                      .longest_delay = std::chrono::milliseconds(1)}};
}

KitFolder::KitFolder() {
    // Connections to the loopback address must not go through a proxy.
    ::setenv("NO_PROXY", "*", 1);
    ::setenv("no_proxy", "*", 1);
    write("installer", "not really the installer");
    forget_images();
}

void KitFolder::forget_images() {
    std::filesystem::remove_all(path("layout"));
    layout_ = {{"schemaVersion", 2}, {"manifests", Json::array()}};
    write("layout/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
}

void KitFolder::describe(std::string_view components) const {
    write("bundle.yaml",
          "apiVersion: airlock.dev/v1\nkind: Bundle\nmetadata: {name: kit, version: 1.2.3}\n"
          "components:\n" +
              std::string(components));
}

void KitFolder::add_blob(const base::Digest& digest, const std::string& bytes) const {
    write("layout/blobs/sha256/" + std::string(digest.hex()), bytes);
}

void KitFolder::list(const std::string& tag, Descriptor descriptor) {
    descriptor.annotations["org.opencontainers.image.ref.name"] = tag;
    layout_["manifests"].push_back(descriptor.to_json());
    write("layout/index.json", layout_.dump());
}

void KitFolder::add(const std::string& tag, const SmallImage& image) {
    for (const auto& [digest, bytes] : image.blobs)
        add_blob(digest, bytes);
    add_blob(image.manifest.descriptor.digest, image.manifest.raw);
    list(tag, image.manifest.descriptor);
}

void KitFolder::add(const std::string& tag, const Manifest& index,
                    const std::vector<SmallImage>& parts) {
    for (const auto& part : parts) {
        for (const auto& [digest, bytes] : part.blobs)
            add_blob(digest, bytes);
        add_blob(part.manifest.descriptor.digest, part.manifest.raw);
    }
    add_blob(index.descriptor.digest, index.raw);
    list(tag, index.descriptor);
}

BuildPlan KitFolder::plan(BuildOptions options, SourceOptions sources) const {
    options.description = path("bundle.yaml");
    if (!options.installer) options.installer = path("installer");
    Sources from(std::move(sources), {});
    return make_build_plan(options, from, {});
}

std::uint64_t KitFolder::build(const std::string& name, std::size_t concurrency,
                               SourceOptions sources, const std::stop_token& stop) const {
    BuildOptions options;
    options.description = path("bundle.yaml");
    options.installer = path("installer");
    options.concurrency = concurrency;
    const auto retry = sources.retry;
    Sources from(std::move(sources), stop);
    const OutputFile output(path(name));
    return write_bundle(make_build_plan(options, from, stop), output,
                        {.concurrency = concurrency, .retry = retry}, stop);
}

manifests::Bundle KitFolder::open(const std::string& name) const {
    return manifests::Bundle::open(path(name), std::nullopt);
}

}  // namespace airlock::bundler::test
