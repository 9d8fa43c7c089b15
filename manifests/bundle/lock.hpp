// The lock: what a bundle holds, to the byte. It is the config of the kit's artifact inside the
// bundle, and the file that `airlock-bundler build --lock` writes and `--locked` insists on.
#pragma once

#include "images/descriptor.hpp"
#include "images/reference.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

// One image of the bundle. Its manifest, and all below it, are among Lock::blobs.
struct LockedImage {
    images::Reference reference;    // the original one, with its tag or digest
    images::Descriptor descriptor;  // of its manifest or index
    std::vector<std::string> components;
    std::string source;  // provenance: where the bytes came from
};

// One file of the kit; its bytes are a blob too.
struct LockedFile {
    std::string source;  // as in bundle.yaml: the file's path or the URL; "bundle.yaml" for the
                         // description itself
    base::Digest digest;
    std::uint64_t size = 0;
};

struct LockedBlob {
    base::Digest digest;
    std::uint64_t size = 0;
};

struct Lock {
    std::string name;
    std::string version;
    std::vector<LockedFile> files;
    std::vector<LockedImage> images;
    std::optional<LockedBlob> installer;
    // Every blob behind the kit's manifest and the lock, in the order of the file: so each one's
    // place is known.
    std::vector<LockedBlob> blobs;

    // Errc::invalid, naming `what`.
    static Lock parse(std::string_view text, std::string_view what);
    std::string text() const;  // the same lock gives the same bytes
};

}  // namespace airlock::manifests
