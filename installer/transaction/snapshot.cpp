#include "installer/transaction/snapshot.hpp"

#include "base/random_id.hpp"
#include "installer/nodes/node_snapshot.hpp"
#include "installer/record/cluster_state.hpp"
#include "installer/record/generation_store.hpp"
#include "kubernetes/time.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace airlock::installer {
namespace {

std::string now_text() {
    return kubernetes::time_text(
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

TagBefore tag_before(images::RegistryClient& registry, const TagMove& move) {
    TagBefore out{.repository = move.repository,
                  .tag = move.tag,
                  .digest = {},
                  .media_type = {},
                  .manifest = {},
                  .moved_to = {move.new_digest.text()}};
    if (!move.old_digest) return out;
    const auto manifest = registry.get_manifest(move.repository, move.old_digest->text());
    out.digest = manifest.descriptor.digest.text();
    out.media_type = manifest.descriptor.media_type;
    out.manifest = manifest.raw;
    return out;
}

// What the interrupted run may have changed is kept from its snapshot. Everything else may have
// been changed by others since, and is recorded as it is now.
void merge_interrupted(Generation& snapshot, const InterruptedRun& interrupted) {
    const auto& before = interrupted.snapshot;
    snapshot.number = before.number;
    snapshot.id = before.id;
    snapshot.nodes = before.nodes;
    for (const auto& object : before.objects) {
        if (!interrupted.touched.contains(object.key.text())) continue;
        const auto at = std::ranges::find(snapshot.objects, object.key, &ObjectBefore::key);
        if (at == snapshot.objects.end()) {
            snapshot.objects.push_back(object);
        } else {
            *at = object;
        }
    }
    for (auto tag : before.tags) {
        if (!interrupted.touched.contains(tag.repository + ":" + tag.tag)) continue;
        std::erase_if(snapshot.tags, [&](const TagBefore& other) {
            const bool same = other.repository == tag.repository && other.tag == tag.tag;
            if (same) std::ranges::copy(other.moved_to, std::back_inserter(tag.moved_to));
            return same;
        });
        snapshot.tags.push_back(std::move(tag));
    }
}

bool brings_node_webhook(const InstallPlan& plan, const Generation& snapshot) {
    for (const auto& component : plan.components) {
        for (const auto& object : component.objects) {
            const auto at = std::ranges::find(snapshot.objects, object.key, &ObjectBefore::key);
            if (at != snapshot.objects.end() && !at->object && object.acts_on_nodes) return true;
        }
    }
    return false;
}

}  // namespace

Generation take_snapshot(kubernetes::Client& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         const PlanRequest& request, const PushPlan& push,
                         const std::optional<InterruptedRun>& interrupted) {
    const auto earlier = load_generations(client);
    Generation out{.number = earlier.empty() ? 1 : earlier.back().number + 1,
                   .id = base::random_id(),
                   .cluster = cluster_uid(client),
                   .bundle = bundle.lock().name,
                   .version = bundle.lock().version,
                   .index = bundle.index_digest().text(),
                   .registry = request.registry,
                   .prefix = request.prefix,
                   .plain_http = request.plain_http,
                   .components = plan.component_names(),
                   .issuer = bundle.spec().certificate
                                 ? std::string(manifests::to_string(plan.issuer))
                                 : std::string(),
                   .placement = manifests::has_placements(bundle.spec())
                                    ? std::string(manifests::to_string(plan.placement))
                                    : std::string(),
                   .fingerprint = plan.fingerprint,
                   .time = now_text(),
                   .state_annotation = bundle.spec().nodes.state_annotation,
                   .resync = bundle.spec().nodes.resync,
                   .objects = {},
                   .tags = {},
                   .nodes = read_nodes(client)};
    for (const auto& key : plan.keys())
        out.objects.push_back({.key = key, .object = client.get(key)});
    for (const auto& move : push.tags)
        out.tags.push_back(tag_before(registry, move));
    if (interrupted) merge_interrupted(out, *interrupted);
    out.brings_node_webhook = brings_node_webhook(plan, out) ||
                              (interrupted && interrupted->snapshot.brings_node_webhook);
    return out;
}

}  // namespace airlock::installer
