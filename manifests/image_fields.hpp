// Where a manifest names images: in every scalar, not only where a pod has them. What is found here
// is what must be in the bundle, and what is rewritten, so both a miss and a false hit hurt. The
// rules:
//
//  - `containers[].image`, `initContainers[]`, `ephemeralContainers[]` and
//  `volumes[].image.reference`, at any depth
//    (so also in custom resources): the whole value is a reference, `nginx` included.
//  - Any other value, or a word of it (`--solver=quay.io/a/b:v1`, JSON or YAML in a ConfigMap): a
//  fully qualified
//    reference, which is a host (with a dot and a top-level name, a port, an IPv4 address, or
//    localhost), a path, and a tag or digest. Never part of a URL (docker:// aside), of a file
//    path, or of a template or glob such as `${X}` or `*`; a name without tag or digest, as
//    admission.k8s.io/v1, is none.
//  - A word that is a known image (see `known`) when it has a tag or digest or names its host, or
//  stands after
//    `image:`. `nginx` alone, as a label, is none.
//  - In a CustomResourceDefinition the `default` values of its schema alone: the rest is
//  documentation.
//  - Never in keys and comments.
#pragma once

#include "images/reference.hpp"
#include "manifests/document.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace airlock::manifests {

struct ImageField {
    std::string file;
    std::size_t line = 0;    // of the file, from 1
    std::string path;        // spec.template.spec.containers[0].image
    std::size_t offset = 0;  // bytes in Document::text
    std::size_t length = 0;  // bytes
    images::Reference reference;
};

// In the order of their offsets, none overlapping; an anchored value is found once. `known` holds
// Reference::text() of every bundled image. Errc::invalid when a container's image is no reference;
// Errc::unsupported when a reference is not written in plain bytes (an escape inside it, or a
// folded line), for it could not be replaced.
std::vector<ImageField> find_image_fields(const Document& document,
                                          const std::set<std::string>& known);

}  // namespace airlock::manifests
