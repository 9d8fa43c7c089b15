#include "installer/snapshot.hpp"

#include "installer/generation_store.hpp"
#include "installer/nodes.hpp"

#include <algorithm>
#include <ctime>

namespace airlock::installer {
namespace {

std::string now_text() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32] = {};
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

TagBefore tag_before(images::RegistryClient& registry, const TagMove& move) {
    TagBefore out{.repository = move.repository,
                  .tag = move.tag,
                  .digest = {},
                  .media_type = {},
                  .manifest = {}};
    if (!move.old_digest) return out;
    const auto manifest = registry.get_manifest(move.repository, move.old_digest->text());
    out.digest = manifest.descriptor.digest.text();
    out.media_type = manifest.descriptor.media_type;
    out.manifest = manifest.raw;
    return out;
}

void put_first(Generation& snapshot, const Generation& cut_off) {
    snapshot.number = cut_off.number;
    snapshot.nodes = cut_off.nodes;
    for (const auto& object : cut_off.objects) {
        const auto at = std::ranges::find(snapshot.objects, object.key, &ObjectBefore::key);
        if (at == snapshot.objects.end()) {
            snapshot.objects.push_back(object);
        } else {
            *at = object;
        }
    }
    for (const auto& tag : cut_off.tags) {
        std::erase_if(snapshot.tags, [&](const TagBefore& other) {
            return other.repository == tag.repository && other.tag == tag.tag;
        });
        snapshot.tags.push_back(tag);
    }
}

}  // namespace

Generation take_snapshot(KubeClient& client, images::RegistryClient& registry,
                         const manifests::Bundle& bundle, const InstallPlan& plan,
                         const PlanRequest& request, const PushPlan& push,
                         const std::optional<Generation>& cut_off) {
    const auto earlier = load_generations(client);
    Generation out{.number = earlier.empty() ? 1 : earlier.back().number + 1,
                   .bundle = bundle.lock().name,
                   .version = bundle.lock().version,
                   .index = bundle.index_digest().text(),
                   .registry = request.registry,
                   .prefix = request.prefix,
                   .plain_http = request.plain_http,
                   .components = request.components,
                   .issuer = std::string(manifests::to_string(plan.issuer)),
                   .fingerprint = plan.fingerprint,
                   .time = now_text(),
                   .state_annotation = bundle.spec().nodes.state_annotation,
                   .kick = bundle.spec().nodes.kick,
                   .objects = {},
                   .tags = {},
                   .nodes = read_nodes(client)};
    for (const auto& key : plan.keys())
        out.objects.push_back({.key = key, .object = client.get(key)});
    for (const auto& move : push.tags)
        out.tags.push_back(tag_before(registry, move));
    if (cut_off) put_first(out, *cut_off);
    return out;
}

}  // namespace airlock::installer
