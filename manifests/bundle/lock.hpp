// The lock: the exact content of a bundle. It is the config of the kit's artifact in the bundle,
// and the file that `airlock-bundler build --lock` writes and `--locked` enforces.
#pragma once

#include "images/descriptor.hpp"
#include "images/reference.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::manifests {

// An image in the bundle. Lock::blobs contains its manifest and everything that it references.
struct LockedImage {
    images::Reference reference;    // the original one, with its tag or digest
    images::Descriptor descriptor;  // of its manifest or index
    std::vector<std::string> components;
    std::string source;  // provenance: where it was fetched from
};

// A file of the kit; its content is a blob too.
struct LockedFile {
    std::string source;  // path or URL as in bundle.yaml; "bundle.yaml" for that file itself
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
    // Every blob after the kit's manifest and the lock, in file order, which determines the offset
    // of each.
    std::vector<LockedBlob> blobs;

    // Errc::invalid, naming `what`.
    static Lock parse(std::string_view text, std::string_view what);
    std::string text() const;  // the same lock gives the same bytes
};

}  // namespace airlock::manifests
