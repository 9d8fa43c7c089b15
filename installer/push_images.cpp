#include "installer/push_images.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/progress.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace airlock::installer {
namespace {

using base::Digest;
using base::Errc;
using base::Error;

// The manifests of an image, children before their index.
void collect(const manifests::Bundle& bundle, const Digest& root, std::vector<Digest>& out) {
    const auto& manifest = bundle.manifest(root);
    for (const auto& child : manifest.manifests)
        collect(bundle, child.digest, out);
    out.push_back(root);
}

}  // namespace

std::vector<PushTarget> plan_targets(const std::vector<manifests::LockedImage>& images,
                                     const std::string& prefix) {
    std::vector<PushTarget> out;
    std::map<std::string, const manifests::LockedImage*> taken;
    for (const auto& image : images) {
        PushTarget target{.original = image.reference.text(),
                          .repository = prefix.empty()
                                            ? image.reference.repository()
                                            : prefix + "/" + image.reference.repository(),
                          .tag = image.reference.tag().value_or(""),
                          .digest = image.descriptor.digest};
        if (!target.tag.empty()) {
            const auto [at, fresh] = taken.emplace(target.repository + ":" + target.tag, &image);
            if (!fresh && at->second->descriptor.digest != image.descriptor.digest) {
                throw Error(Errc::usage, "{} and {} would both become {}",
                            at->second->reference.text(), image.reference.text(), at->first)
                    .set_hint(
                        "give one of them another tag in bundle.yaml, or install the components "
                        "with different prefixes");
            }
        }
        out.push_back(std::move(target));
    }
    return out;
}

PushPlan plan_push(images::RegistryClient& registry, const manifests::Bundle& bundle,
                   const std::vector<PushTarget>& targets, std::size_t concurrency,
                   const std::stop_token& stop) {
    PushPlan plan;
    std::mutex mutex;
    std::set<std::pair<std::string, Digest>> missing_manifests;
    std::vector<std::optional<Digest>> tags(targets.size());
    std::set<std::pair<std::string, Digest>> wanted_blobs;
    base::for_each_parallel(
        targets.size(), concurrency, stop, [&](std::size_t i, const std::stop_token&) {
            const auto& target = targets[i];
            if (!target.tag.empty()) {
                if (const auto live = registry.head_manifest(target.repository, target.tag))
                    tags[i] = live->digest;
            }
            std::vector<Digest> all;
            collect(bundle, target.digest, all);
            for (const auto& digest : all) {
                // The tag's own answer says that its manifest is there; everything else is asked
                // for by digest.
                if (digest == target.digest && tags[i] == digest) continue;
                if (registry.head_manifest(target.repository, digest.text())) continue;
                const std::lock_guard lock(mutex);
                missing_manifests.emplace(target.repository, digest);
                const auto& manifest = bundle.manifest(digest);
                if (manifest.config)
                    wanted_blobs.emplace(target.repository, manifest.config->digest);
                for (const auto& layer : manifest.layers)
                    wanted_blobs.emplace(target.repository, layer.digest);
            }
        });
    const std::vector<std::pair<std::string, Digest>> ask(wanted_blobs.begin(), wanted_blobs.end());
    std::map<Digest, std::vector<std::string>> missing_blobs;
    base::for_each_parallel(ask.size(), concurrency, stop,
                            [&](std::size_t i, const std::stop_token&) {
                                if (registry.has_blob(ask[i].first, ask[i].second)) return;
                                const std::lock_guard lock(mutex);
                                missing_blobs[ask[i].second].push_back(ask[i].first);
                            });
    for (auto& [digest, repositories] : missing_blobs) {
        std::ranges::sort(repositories);
        const auto size = bundle.blob(digest).size();
        plan.bytes += size;
        plan.blobs.push_back(
            {.digest = digest, .size = size, .repositories = std::move(repositories)});
    }
    std::ranges::stable_sort(plan.blobs, std::greater<>(), &BlobPush::size);
    for (const auto& target : targets) {
        std::vector<Digest> all;
        collect(bundle, target.digest, all);
        for (const auto& digest : all) {
            if (missing_manifests.erase({target.repository, digest}) > 0)
                plan.manifests.emplace_back(target.repository, digest);
        }
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const auto& target = targets[i];
        if (target.tag.empty() || tags[i] == target.digest) continue;
        const bool known = std::ranges::any_of(plan.tags, [&](const TagMove& move) {
            return move.repository == target.repository && move.tag == target.tag;
        });
        if (!known)
            plan.tags.push_back({.repository = target.repository,
                                 .tag = target.tag,
                                 .old_digest = tags[i],
                                 .new_digest = target.digest});
    }
    return plan;
}

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
