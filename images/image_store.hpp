// Images in local files: an OCI layout in a directory or a tar archive, or the output of `docker
// save`. Everything is read in place. Manifests are verified; the caller verifies the bytes of
// blobs. Any thread may call.
#pragma once

#include "images/file_set.hpp"
#include "images/manifest.hpp"
#include "images/reference.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace airlock::images {

class ImageStore {
  public:
    virtual ~ImageStore() = default;

    // The image or index called `name`; without a name, the one that `wanted` refers to, or the
    // only one if it is unnamed. Errc::not_found, listing the available images.
    virtual Manifest find(const Reference& wanted, const std::string& name) = 0;
    // A manifest listed by an index that find() returned.
    virtual Manifest manifest(const Descriptor& descriptor) = 0;
    // The content of a config or layer listed by a manifest of this store, which must outlive it.
    virtual std::unique_ptr<base::RewindableSource> blob(const Descriptor& descriptor) = 0;
};

// OCI image-spec 1.1, image-layout.md. The name of an image in a layout is its annotation
// org.opencontainers.image.ref.name (a tag, or the full reference) or io.containerd.image.name.
std::shared_ptr<ImageStore> open_oci_layout(std::shared_ptr<const FileSet> files);

// The format of `docker save`: manifest.json names the config and layers of each image. Layers are
// kept as they are, usually uncompressed, under an OCI manifest created here. Their digests are
// taken from the config, so whoever reads them has to verify. Errc::unsupported for archives of
// Docker before 1.10.
std::shared_ptr<ImageStore> open_docker_archive(std::shared_ptr<const FileSet> files);

// Whether a name in a store ("app:1", "docker.io/library/app:1") refers to `wanted`.
bool names_reference(std::string_view name, const Reference& wanted);

}  // namespace airlock::images
