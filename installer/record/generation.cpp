#include "installer/record/generation.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <limits>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::Json;

constexpr std::uint64_t kGenerationFormat = 1;  // docs/state-format.md

Json key_json(const kubernetes::ObjectKey& key) {
    return {{"apiVersion", key.api_version},
            {"kind", key.kind},
            {"namespace", key.namespace_name},
            {"name", key.name}};
}

kubernetes::ObjectKey key_from(const Json& json, std::string_view what) {
    return {.api_version = base::require_string(json, "apiVersion", what),
            .kind = base::require_string(json, "kind", what),
            .namespace_name = base::get_string(json, "namespace", what),
            .name = base::require_string(json, "name", what)};
}

int generation_number(const Json& json, std::string_view what) {
    const auto number = base::require_size(json, "generation", what);
    if (number < 1 || number > std::numeric_limits<int>::max())
        throw Error(Errc::invalid, "{}: {} is not a valid generation number", what, number);
    return static_cast<int>(number);
}

std::vector<std::string> strings(const Json& json, std::string_view key, std::string_view what) {
    std::vector<std::string> out;
    for (const auto& text : base::require_array(json, key, what)) {
        if (!text.is_string()) throw Error(Errc::invalid, "{}: {}: not a string", what, key);
        out.push_back(text.get<std::string>());
    }
    return out;
}

bool flag(const Json& json, std::string_view key) {
    const auto* value = base::find(json, key);
    return value != nullptr && *value == true;
}

std::optional<Json> object_in(const Json& entry, std::string_view key, std::string_view what) {
    const auto* object = base::find(entry, key);
    if (object == nullptr) return std::nullopt;
    if (!object->is_object()) throw Error(Errc::invalid, "{}: \"{}\" must be an object", what, key);
    return *object;
}

std::vector<ObjectWrite> changes_in(const Json& entry, std::string_view what) {
    std::vector<ObjectWrite> out;
    if (base::find(entry, "changes") == nullptr) return out;
    for (const auto& change : base::require_array(entry, "changes", what)) {
        const auto* after = base::find(change, "after");
        out.push_back({.before = base::require_object(change, "before", what),
                       .after = after == nullptr ? Json() : *after});
    }
    return out;
}

}  // namespace

Generation Generation::from_json(const Json& json, std::string_view what) {
    // Absent in records from before the field existed: format 1.
    if (base::find(json, "format") != nullptr &&
        base::require_size(json, "format", what) > kGenerationFormat) {
        throw Error(Errc::unsupported, "{} was written by a newer version", what)
            .set_hint("use the airlock-installer that wrote it, or a newer one");
    }
    Generation out;
    out.number = generation_number(json, what);
    out.id = base::get_string(json, "id", what);
    out.cluster = base::get_string(json, "cluster", what);
    out.bundle = base::require_string(json, "bundle", what);
    out.version = base::require_string(json, "version", what);
    out.index = base::require_string(json, "index", what);
    out.registry = base::require_string(json, "registry", what);
    out.prefix = base::get_string(json, "prefix", what);
    out.plain_http = flag(json, "plainHttp");
    out.components = strings(json, "components", what);
    out.issuer = base::get_string(json, "issuer", what);
    out.placement = base::get_string(json, "placement", what);
    out.fingerprint = base::get_string(json, "fingerprint", what);
    out.time = base::get_string(json, "time", what);
    out.state_annotation = base::get_string(json, "stateAnnotation", what);
    out.resync = flag(json, "resync");
    out.brings_node_webhook = flag(json, "bringsNodeWebhook");
    for (const auto& entry : base::require_array(json, "objects", what)) {
        out.objects.push_back({.key = key_from(entry, what),
                               .object = object_in(entry, "before", what),
                               .created_uid = base::get_string(entry, "createdUid", what),
                               .changes = changes_in(entry, what)});
    }
    for (const auto& entry : base::require_array(json, "tags", what)) {
        out.tags.push_back(
            {.repository = base::require_string(entry, "repository", what),
             .tag = base::require_string(entry, "tag", what),
             .digest = base::get_string(entry, "digest", what),
             .media_type = base::get_string(entry, "mediaType", what),
             .manifest = base::base64_decode(base::get_string(entry, "manifest", what), what),
             .moved_to = base::find(entry, "movedTo") == nullptr
                             ? std::vector<std::string>()
                             : strings(entry, "movedTo", what)});
    }
    for (const auto& entry : base::require_array(json, "nodes", what)) {
        out.nodes.push_back({.name = base::require_string(entry, "name", what),
                             .allocatable = base::require_object(entry, "allocatable", what)});
    }
    return out;
}

Json Generation::to_json() const {
    Json json{{"format", kGenerationFormat},
              {"generation", number},
              {"id", id},
              {"cluster", cluster},
              {"bundle", bundle},
              {"version", version},
              {"index", index},
              {"registry", registry},
              {"prefix", prefix},
              {"plainHttp", plain_http},
              {"components", components},
              {"issuer", issuer},
              {"placement", placement},
              {"fingerprint", fingerprint},
              {"time", time},
              {"stateAnnotation", state_annotation},
              {"resync", resync},
              {"bringsNodeWebhook", brings_node_webhook},
              {"objects", Json::array()},
              {"tags", Json::array()},
              {"nodes", Json::array()}};
    for (const auto& object : objects) {
        auto entry = key_json(object.key);
        entry["before"] = object.object ? *object.object : Json();
        if (!object.created_uid.empty()) entry["createdUid"] = object.created_uid;
        for (const auto& change : object.changes)
            entry["changes"].push_back({{"before", change.before}, {"after", change.after}});
        json["objects"].push_back(std::move(entry));
    }
    for (const auto& tag : tags) {
        json["tags"].push_back({{"repository", tag.repository},
                                {"tag", tag.tag},
                                {"digest", tag.digest},
                                {"mediaType", tag.media_type},
                                {"manifest", base::base64_encode(tag.manifest)},
                                {"movedTo", tag.moved_to}});
    }
    for (const auto& node : nodes)
        json["nodes"].push_back({{"name", node.name}, {"allocatable", node.allocatable}});
    return json;
}

const Generation* newest_with_resync(const std::vector<Generation>& generations) {
    const auto at = std::ranges::find_if(generations.rbegin(), generations.rend(),
                                         [](const Generation& each) { return each.resync; });
    return at == generations.rend() ? nullptr : &*at;
}

}  // namespace airlock::installer
