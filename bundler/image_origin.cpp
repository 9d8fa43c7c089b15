#include "bundler/image_origin.hpp"

#include <algorithm>

namespace airlock::bundler {
namespace {

class RegistryOrigin final : public ImageOrigin {
  public:
    RegistryOrigin(images::RegistryClient& client, const images::Reference& reference)
        : ImageOrigin(client.host() + "/" + reference.repository()),
          client_(client),
          reference_(reference) {}

    images::Manifest top() override {
        return client_.get_manifest(reference_.repository(), reference_.identifier());
    }
    images::Manifest manifest(const images::Descriptor& descriptor) override {
        return client_.get_manifest(reference_.repository(), descriptor.digest.text());
    }
    std::string text(const images::Descriptor& blob, std::size_t limit) override {
        return client_.get_blob_text(reference_.repository(), blob, limit);
    }
    // The client has its own stop token.
    bool copy(const images::Descriptor& blob, std::uint64_t offset, base::Sink& to,
              const std::stop_token&) override {
        return client_.get_blob(reference_.repository(), blob, offset, to);
    }

  private:
    images::RegistryClient& client_;
    images::Reference reference_;
};

class StoreOrigin final : public ImageOrigin {
  public:
    StoreOrigin(std::shared_ptr<images::ImageStore> store, images::Reference wanted,
                std::string name, std::string place)
        : ImageOrigin(std::move(place)),
          store_(std::move(store)),
          wanted_(std::move(wanted)),
          name_(std::move(name)) {}

    images::Manifest top() override { return store_->find(wanted_, name_); }
    images::Manifest manifest(const images::Descriptor& descriptor) override {
        return store_->manifest(descriptor);
    }
    std::string text(const images::Descriptor& blob, std::size_t limit) override {
        const auto what = place() + " " + blob.digest.text();
        const auto source = store_->blob(blob);
        base::VerifyingSource verified(*source, blob.size, blob.digest, what);
        return base::read_all(verified, limit, what);
    }
    bool copy(const images::Descriptor& blob, std::uint64_t offset, base::Sink& to,
              const std::stop_token& stop) override {
        const auto source = store_->blob(blob);
        source->rewind(std::min(offset, source->size()));
        base::copy(*source, to, stop);
        return true;
    }

  private:
    std::shared_ptr<images::ImageStore> store_;
    images::Reference wanted_;
    std::string name_;
};

}  // namespace

std::shared_ptr<ImageOrigin> from_registry(images::RegistryClient& client,
                                           const images::Reference& reference) {
    return std::make_shared<RegistryOrigin>(client, reference);
}

std::shared_ptr<ImageOrigin> from_store(std::shared_ptr<images::ImageStore> store,
                                        const images::Reference& wanted, std::string name,
                                        std::string place) {
    return std::make_shared<StoreOrigin>(std::move(store), wanted, std::move(name),
                                         std::move(place));
}

}  // namespace airlock::bundler
