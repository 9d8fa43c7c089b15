// Images that lie in files of this host: an OCI layout in a folder or a tar archive, or what
// `docker save` wrote. Everything is read in place; a manifest comes back verified, a blob's bytes
// are for the caller to verify. Any thread may call.
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

    // The image or index called `name`; without a name, the one that `wanted` names, or the only
    // one when it has no name at all. Errc::not_found, listing what is there.
    virtual Manifest find(const Reference& wanted, const std::string& name) = 0;
    // One that an index of find() lists.
    virtual Manifest manifest(const Descriptor& descriptor) = 0;
    // The bytes of a config or layer that a manifest of this store lists. The store outlives them.
    virtual std::unique_ptr<base::RewindableSource> blob(const Descriptor& descriptor) = 0;
};

// OCI image-spec 1.1, image-layout.md. In a layout an image is called by its annotation
// org.opencontainers.image.ref.name (a tag alone, or all of the reference) or
// io.containerd.image.name.
std::shared_ptr<ImageStore> open_oci_layout(std::shared_ptr<const FileSet> files);

// `docker save`, and others that write its format: manifest.json names each image's config and
// layers. Its layers are kept as they are, mostly uncompressed, under an OCI manifest made here;
// their digests are those that the config promises, so whoever reads them has to verify.
// Errc::unsupported for an archive of Docker before 1.10.
std::shared_ptr<ImageStore> open_docker_archive(std::shared_ptr<const FileSet> files);

// Whether a name that a store keeps ("app:1", "docker.io/library/app:1") is `wanted`.
bool names_reference(std::string_view name, const Reference& wanted);

}  // namespace airlock::images
