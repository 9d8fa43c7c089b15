#include "installer/transaction/push_images.hpp"

#include "base/parallel.hpp"
#include "base/progress.hpp"

#include <algorithm>
#include <thread>

namespace airlock::installer {

void verify_blobs(const manifests::Bundle& bundle, const PushPlan& plan,
                  const std::stop_token& stop) {
    base::Progress progress("verifying", plan.bytes, plan.blobs.size(), "blobs");
    base::for_each_parallel(plan.blobs.size(), std::max(1U, std::thread::hardware_concurrency()),
                            stop, [&](std::size_t i, const std::stop_token& inner) {
                                bundle.verify_blob(plan.blobs[i].digest, inner);
                                progress.add(plan.blobs[i].size);
                                progress.item_done();
                            });
}

void push(images::RegistryClient& registry, const manifests::Bundle& bundle, const PushPlan& plan,
          std::size_t concurrency, const std::stop_token& stop) {
    base::Progress progress("pushing", plan.bytes, plan.blobs.size(), "blobs");
    const auto count = [&](std::uint64_t bytes) { progress.add(bytes); };
    base::for_each_parallel(
        plan.blobs.size(), concurrency, stop, [&](std::size_t i, const std::stop_token&) {
            const auto& blob = plan.blobs[i];
            const images::Descriptor descriptor{
                .media_type = {}, .digest = blob.digest, .size = blob.size};
            auto bytes = bundle.blob(blob.digest);
            const auto& first = blob.repositories.front();
            registry.push_blob(first, descriptor, bytes, count);
            for (std::size_t other = 1; other < blob.repositories.size(); ++other) {
                const auto& repository = blob.repositories[other];
                if (registry.mount_blob(repository, blob.digest, first) ==
                    images::MountResult::mounted)
                    continue;
                registry.push_blob(repository, descriptor, bytes);
            }
            progress.item_done();
        });
    for (const auto& [repository, digest] : plan.manifests) {
        const auto& manifest = bundle.manifest(digest);
        registry.put_manifest(repository, digest.text(), manifest.raw,
                              manifest.descriptor.media_type);
    }
}

void move_tag(images::RegistryClient& registry, const manifests::Bundle& bundle,
              const TagMove& move) {
    const auto& manifest = bundle.manifest(move.new_digest);
    registry.put_manifest(move.repository, move.tag, manifest.raw, manifest.descriptor.media_type);
}

}  // namespace airlock::installer
