// Finds the image references in a manifest: in every scalar, not only in pod specs. The result is
// what the bundle must contain and what is rewritten, so both false negatives and false positives
// do harm. The rules:
//
//  - `containers[].image`, `initContainers[].image`, `ephemeralContainers[].image` and
//    `volumes[].image.reference`, at any depth (so also in custom resources): the whole value is a
//    reference, even a short one such as `nginx`.
//  - Any other value, or a word in it (`--solver=quay.io/a/b:v1`, JSON or YAML in a ConfigMap), is
//    a reference if it is fully qualified: a host (with a dot and a top-level domain, a port, an
//    IPv4 address, or localhost), a path, and a tag or digest. Never part of a URL (except
//    docker://), of a file path, or of a template or glob such as `${X}` or `*`. A name without tag
//    or digest, such as admission.k8s.io/v1, is not a reference.
//  - A word that matches a known image (see `known`) is a reference if it has a tag, a digest or a
//    host, or follows `image:`. `nginx` alone, as in a label, is not.
//  - In a CustomResourceDefinition only the `default` values of the schema count: the rest is
//    documentation.
//  - Keys and comments never count.
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
    std::size_t line = 0;    // in the file, from 1
    std::string path;        // spec.template.spec.containers[0].image
    std::size_t offset = 0;  // in Document::text, in bytes
    std::size_t length = 0;  // bytes
    images::Reference reference;
};

// Ordered by offset, without overlaps; an anchored value is found once. `known` holds
// Reference::text() of every bundled image. Errc::invalid when a container's image is not a valid
// reference; Errc::unsupported when a reference is not written literally (it contains an escape or
// a line break) and therefore cannot be replaced.
std::vector<ImageField> find_image_fields(const Document& document,
                                          const std::set<std::string>& known);

}  // namespace airlock::manifests
