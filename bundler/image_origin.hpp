// The source of an image: its repository in a registry, or local files. Manifests are verified; the
// caller verifies what copy() writes. Any thread may call.
#pragma once

#include "images/image_store.hpp"
#include "images/registry.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace airlock::bundler {

class ImageOrigin {
  public:
    virtual ~ImageOrigin() = default;

    // The manifest or index that the image's reference refers to.
    virtual images::Manifest top() = 0;
    // A manifest that top() lists.
    virtual images::Manifest manifest(const images::Descriptor& descriptor) = 0;
    // A small blob, verified.
    virtual std::string text(const images::Descriptor& blob, std::size_t limit) = 0;
    // Writes the bytes from `offset` on. False, with nothing written, when it can only start at 0.
    virtual bool copy(const images::Descriptor& blob, std::uint64_t offset, base::Sink& to,
                      const std::stop_token& stop) = 0;
    // For messages and provenance: "quay.io/jetstack/x", "docker-archive save.tar".
    const std::string& place() const { return place_; }

  protected:
    explicit ImageOrigin(std::string place) : place_(std::move(place)) {}

  private:
    std::string place_;
};

// The client must outlive it.
std::shared_ptr<ImageOrigin> from_registry(images::RegistryClient& client,
                                           const images::Reference& reference);
// `wanted` and `name` as for ImageStore::find().
std::shared_ptr<ImageOrigin> from_store(std::shared_ptr<images::ImageStore> store,
                                        const images::Reference& wanted, std::string name,
                                        std::string place);

}  // namespace airlock::bundler
