#include "installer/undo.hpp"

#include "base/log.hpp"
#include "base/retry.hpp"
#include "installer/generation_store.hpp"
#include "installer/nodes.hpp"
#include "manifests/order.hpp"

#include <algorithm>
#include <set>

namespace airlock::installer {
namespace {

using base::Error;
using base::Problem;

constexpr std::chrono::seconds kGoneTimeout{240};
constexpr std::chrono::milliseconds kLookEvery{500};

std::string kubectl(std::string_view verb, const ObjectKey& key) {
    const auto name_space =
        key.namespace_name.empty() ? std::string() : " -n " + key.namespace_name;
    return fmt::format("kubectl{} {} {} {}", name_space, verb, key.kind, key.name);
}

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto* value = base::find_path(object, path);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// Only what one of our field managers wrote is ours to remove. An object of which only the name was
// applied (a bare Namespace) has no managed fields: it was absent before, and nobody else claims
// it.
bool is_ours(const Json& live) {
    const auto* fields = base::find_path(live, {"metadata", "managedFields"});
    if (fields == nullptr || fields->empty()) return true;
    return std::ranges::any_of(*fields, [](const Json& entry) {
        return text_at(entry, {"manager"}).starts_with("airlock");
    });
}

// The object as it can be sent again: without what the server sets.
Json restorable(const Json& object, const Json& live) {
    Json out = object;
    out.erase("status");
    for (const auto* key :
         {"uid", "managedFields", "creationTimestamp", "generation", "selfLink", "resourceVersion"})
        out["metadata"].erase(key);
    out["metadata"]["resourceVersion"] = text_at(live, {"metadata", "resourceVersion"});
    return out;
}

bool same_content(const Json& a, const Json& b) {
    return restorable(a, b) == restorable(b, b);
}

// What is in a namespace besides what Kubernetes puts into each, and what belongs to something else
// there.
std::vector<std::string> strangers_in(KubeClient& client, const std::string& name_space) {
    std::vector<std::string> out;
    const std::pair<const char*, const char*> kKinds[] = {{"v1", "Pod"},
                                                          {"v1", "Service"},
                                                          {"v1", "ConfigMap"},
                                                          {"v1", "Secret"},
                                                          {"v1", "PersistentVolumeClaim"},
                                                          {"apps/v1", "Deployment"},
                                                          {"apps/v1", "StatefulSet"},
                                                          {"apps/v1", "DaemonSet"},
                                                          {"batch/v1", "Job"}};
    for (const auto& [version, kind] : kKinds) {
        for (const auto& object : client.list(version, kind, name_space)) {
            const auto name = text_at(object, {"metadata", "name"});
            const bool owned = base::find_path(object, {"metadata", "ownerReferences"}) != nullptr;
            const bool leaving =
                base::find_path(object, {"metadata", "deletionTimestamp"}) != nullptr;
            const bool everywhere =
                name == "kube-root-ca.crt" ||
                text_at(object, {"type"}) == "kubernetes.io/service-account-token";
            // Written by cert-manager and its webhook for themselves, and for our own Certificates.
            const auto* annotations = base::find_path(object, {"metadata", "annotations"});
            const bool issued = annotations != nullptr &&
                                (annotations->contains("cert-manager.io/certificate-name") ||
                                 annotations->contains("cert-manager.io/allow-direct-injection"));
            if (!owned && !leaving && !everywhere && !issued && !is_ours(object))
                out.push_back(std::string(kind) + " " + name);
        }
    }
    return out;
}

// Objects of a definition that nobody else's object owns and that we did not make.
std::vector<std::string> strangers_of(KubeClient& client, const Json& definition) {
    std::vector<std::string> out;
    const auto group = text_at(definition, {"spec", "group"});
    const auto kind = text_at(definition, {"spec", "names", "kind"});
    for (const auto& version : definition.at("spec").at("versions")) {
        const auto* served = base::find(version, "served");
        if (served == nullptr || *served != true) continue;
        const auto api_version = group + "/" + text_at(version, {"name"});
        if (!client.find_resource(api_version, kind)) continue;
        for (const auto& object : client.list(api_version, kind)) {
            const bool owned = base::find_path(object, {"metadata", "ownerReferences"}) != nullptr;
            const bool leaving =
                base::find_path(object, {"metadata", "deletionTimestamp"}) != nullptr;
            if (!owned && !leaving && !is_ours(object))
                out.push_back(text_at(object, {"metadata", "namespace"}) + "/" +
                              text_at(object, {"metadata", "name"}));
        }
        break;
    }
    return out;
}

class Undo {
  public:
    Undo(KubeClient& client, images::RegistryClient& registry, const Generation& generation,
         Journal& journal, std::stop_token stop)
        : client_(client),
          registry_(registry),
          generation_(generation),
          journal_(journal),
          stop_(std::move(stop)) {}

    std::vector<Problem> run() {
        client_.forget_discovery();
        std::vector<ObjectKey> keys;
        for (const auto& object : generation_.objects)
            keys.push_back(object.key);
        const auto order = manifests::undo_order(keys);
        bool nodes_done = false;
        for (const auto i : order) {
            const auto& object = generation_.objects[i];
            if (!nodes_done && !manifests::is_webhook_configuration(object.key)) {
                nodes_done = true;
                nodes();
            }
            attempt(object.key.text(), kubectl("get", object.key), [&] { put_back(object); });
        }
        if (!nodes_done) nodes();
        wait_until_gone();
        for (const auto& tag : generation_.tags) {
            attempt(fmt::format("tag {}/{}:{}", registry_.host(), tag.repository, tag.tag),
                    fmt::format("remove or move the tag {}:{} in {}", tag.repository, tag.tag,
                                registry_.host()),
                    [&] { put_back(tag); });
        }
        nodes();
        attempt("the record of this generation",
                fmt::format("kubectl -n kube-system delete secret -l airlock.dev/generation={}",
                            generation_.number),
                [&] {
                    if (problems_.empty()) remove_generation(client_, generation_.number);
                });
        return std::move(problems_);
    }

  private:
    template <typename Task>
    void attempt(const std::string& where, const std::string& command, Task&& task) {
        try {
            if (stop_.stop_requested()) throw Error(base::Errc::cancelled, "stopped on request");
            task();
        } catch (const Error& error) {
            problems_.push_back(
                {.where = where, .message = error.what(), .hint = "by hand: " + command});
        }
    }

    void nodes() {
        if (generation_.state_annotation.empty()) return;
        const bool first = std::ranges::any_of(generation_.objects, [](const ObjectBefore& object) {
            return manifests::is_webhook_configuration(object.key) && !object.object;
        });
        if (!first) return;
        for (const auto& node : generation_.nodes) {
            attempt("Node " + node.name,
                    fmt::format("kubectl annotate node {} {}-", node.name,
                                generation_.state_annotation),
                    [&] { restore_node(client_, node, generation_.state_annotation); });
        }
    }

    void put_back(const ObjectBefore& object) {
        const auto live = client_.get(object.key);
        if (object.object) {
            if (live && same_content(*object.object, *live)) return;
            journal_.append({{"act", "restore"}, {"object", object.key.text()}});
            if (live) {
                client_.replace(object.key, restorable(*object.object, *live));
            } else {
                auto again = restorable(*object.object, *object.object);
                again["metadata"].erase("resourceVersion");
                client_.create(object.key, again);
            }
            return;
        }
        if (!live) return;
        if (!is_ours(*live)) {
            leave(object.key, "somebody else wrote it since: it is left as it is");
            return;
        }
        if (object.key.kind == "CustomResourceDefinition") {
            const auto strangers = strangers_of(client_, *live);
            if (!strangers.empty())
                return leave(object.key, fmt::format("it has objects that this did not make, as {}",
                                                     strangers.front()));
        }
        if (object.key.kind == "Namespace") {
            const auto strangers = strangers_in(client_, object.key.name);
            if (!strangers.empty())
                return leave(object.key, fmt::format("it holds what this did not make, as {}",
                                                     strangers.front()));
        }
        journal_.append({{"act", "delete"}, {"object", object.key.text()}});
        client_.remove(object.key, text_at(*live, {"metadata", "uid"}));
        gone_.push_back(object.key);
    }

    void leave(const ObjectKey& key, std::string reason) {
        problems_.push_back({.where = key.text(),
                             .message = std::move(reason),
                             .hint = "by hand, if it is to go: " + kubectl("delete", key)});
    }

    void put_back(const TagBefore& tag) {
        const auto live = registry_.head_manifest(tag.repository, tag.tag);
        if (tag.digest.empty()) {
            if (!live) return;
            journal_.append({{"act", "remove tag"}, {"tag", tag.repository + ":" + tag.tag}});
            registry_.delete_tag(tag.repository, tag.tag);
        } else if (!live || live->digest.text() != tag.digest) {
            journal_.append({{"act", "move tag back"}, {"tag", tag.repository + ":" + tag.tag}});
            registry_.put_manifest(tag.repository, tag.tag, tag.manifest, tag.media_type);
        }
    }

    void wait_until_gone() {
        const auto deadline = std::chrono::steady_clock::now() + kGoneTimeout;
        for (;;) {
            std::erase_if(gone_, [&](const ObjectKey& key) {
                try {
                    return !client_.get(key);
                } catch (const Error&) {
                    return false;
                }
            });
            if (gone_.empty()) return;
            if (std::chrono::steady_clock::now() > deadline || !base::sleep_for(kLookEvery, stop_))
                break;
        }
        for (const auto& key : gone_)
            leave(key,
                  "it was deleted and is still there; something holds it (see its finalizers)");
    }

    KubeClient& client_;
    images::RegistryClient& registry_;
    const Generation& generation_;
    Journal& journal_;
    std::stop_token stop_;
    std::vector<ObjectKey> gone_;
    std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> undo(KubeClient& client, images::RegistryClient& registry,
                          const Generation& generation, Journal& journal,
                          const std::stop_token& stop) {
    return Undo(client, registry, generation, journal, stop).run();
}

}  // namespace airlock::installer
