#include "installer/plan/push_plan.hpp"

#include "base/parallel.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace airlock::installer {
namespace {

using base::Digest;

// The manifests of an image, children before their index.
void collect(const manifests::Bundle& bundle, const Digest& root, std::vector<Digest>& out) {
    const auto& manifest = bundle.manifest(root);
    for (const auto& child : manifest.manifests)
        collect(bundle, child.digest, out);
    out.push_back(root);
}

}  // namespace

PushPlan plan_push(images::RegistryClient& registry, const manifests::Bundle& bundle,
                   const std::vector<ImagePlacement>& placements, std::size_t concurrency,
                   const std::stop_token& stop) {
    PushPlan plan;
    std::mutex mutex;
    std::set<std::pair<std::string, Digest>> missing_manifests;
    std::vector<std::optional<Digest>> tags(placements.size());
    std::set<std::pair<std::string, Digest>> wanted_blobs;
    base::for_each_parallel(
        placements.size(), concurrency, stop, [&](std::size_t i, const std::stop_token&) {
            const auto& placement = placements[i];
            if (!placement.tag.empty()) {
                if (const auto live = registry.head_manifest(placement.repository, placement.tag))
                    tags[i] = live->digest;
            }
            std::vector<Digest> all;
            collect(bundle, placement.digest, all);
            for (const auto& digest : all) {
                // The answer for the tag shows that its manifest exists; others are checked by
                // digest.
                if (digest == placement.digest && tags[i] == digest) continue;
                if (registry.head_manifest(placement.repository, digest.text())) continue;
                const std::lock_guard lock(mutex);
                missing_manifests.emplace(placement.repository, digest);
                const auto& manifest = bundle.manifest(digest);
                if (manifest.config)
                    wanted_blobs.emplace(placement.repository, manifest.config->digest);
                for (const auto& layer : manifest.layers)
                    wanted_blobs.emplace(placement.repository, layer.digest);
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
    for (const auto& placement : placements) {
        std::vector<Digest> all;
        collect(bundle, placement.digest, all);
        for (const auto& digest : all) {
            if (missing_manifests.erase({placement.repository, digest}) > 0)
                plan.manifests.emplace_back(placement.repository, digest);
        }
    }
    for (std::size_t i = 0; i < placements.size(); ++i) {
        const auto& placement = placements[i];
        if (placement.tag.empty() || tags[i] == placement.digest) continue;
        const bool known = std::ranges::any_of(plan.tags, [&](const TagMove& move) {
            return move.repository == placement.repository && move.tag == placement.tag;
        });
        if (!known)
            plan.tags.push_back({.repository = placement.repository,
                                 .tag = placement.tag,
                                 .old_digest = tags[i],
                                 .new_digest = placement.digest});
    }
    return plan;
}

}  // namespace airlock::installer
