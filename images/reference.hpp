// An image reference with Docker's defaults made explicit: "nginx" is
// docker.io/library/nginx:latest. Grammar: github.com/distribution/reference. The first part is a
// host when it has a dot, a colon or an upper-case letter, or is "localhost".
#pragma once

#include "base/digest.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::images {

class Reference {
  public:
    // Errc::invalid, quoting the text, unless it is a valid reference. Without tag and digest the
    // tag is latest.
    static Reference parse(std::string_view text);
    // The same, or nothing: for scanning text that may not be a reference.
    static std::optional<Reference> try_parse(std::string_view text);

    const std::string& registry() const { return registry_; }  // docker.io, quay.io, localhost:5000
    const std::string& repository() const { return repository_; }  // library/nginx
    const std::optional<std::string>& tag() const { return tag_; }
    const std::optional<base::Digest>& digest() const { return digest_; }

    // What to request from a registry: the digest if there is one, else the tag.
    std::string identifier() const { return digest_ ? digest_->text() : *tag_; }
    // docker.io/library/nginx:latest, registry.k8s.io/pause:3.9@sha256:…
    std::string text() const;
    // docker.io/library/nginx
    std::string name() const { return registry_ + "/" + repository_; }

    Reference with_digest(const base::Digest& digest) const;
    // The same tag and digest in another repository.
    Reference at(std::string registry, std::string repository) const;

    auto operator<=>(const Reference&) const = default;

  private:
    std::string registry_;
    std::string repository_;
    std::optional<std::string> tag_;
    std::optional<base::Digest> digest_;
};

}  // namespace airlock::images
