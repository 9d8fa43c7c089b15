#include "installer/transaction/undo.hpp"

#include "base/counted.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "installer/nodes/node_snapshot.hpp"
#include "installer/record/generation_store.hpp"
#include "installer/transaction/ownership.hpp"
#include "manifests/apply_order.hpp"

#include <algorithm>

namespace airlock::installer {
namespace {

using base::Error;
using base::Json;

constexpr std::chrono::seconds kGoneTimeout{240};
constexpr std::chrono::seconds kPodsTimeout{60};
constexpr std::chrono::milliseconds kLookEvery{500};
constexpr int kReplaceTries = 5;

std::string kubectl(std::string_view verb, const kubernetes::ObjectKey& key) {
    const auto name_space =
        key.namespace_name.empty() ? std::string() : " -n " + key.namespace_name;
    return fmt::format("kubectl{} {} {} {}", name_space, verb, key.kind, key.name);
}

// The object as it can be sent again: without what the server sets.
Json restorable(const Json& object, const Json& live) {
    Json out = object;
    out.erase("status");
    if (!out["metadata"].is_object()) out["metadata"] = Json::object();
    for (const auto* key :
         {"uid", "managedFields", "creationTimestamp", "generation", "selfLink", "resourceVersion"})
        out["metadata"].erase(key);
    out["metadata"]["resourceVersion"] = base::text_at(live, {"metadata", "resourceVersion"});
    return out;
}

bool same_content(const Json& a, const Json& b) {
    return restorable(a, b) == restorable(b, b);
}

struct Gone {
    kubernetes::ObjectKey key;
    std::string uid;
};

// Where the recorded texts are.
std::string record_command(int generation) {
    return fmt::format("kubectl -n kube-system get secret -l airlock.dev/generation={} -o yaml",
                       generation);
}

// What does not answer at all is asked once, not for every object.
struct Side {
    std::string name;
    bool is_gone = false;
};

class Undo {
  public:
    Undo(kubernetes::Client& client, images::RegistryClient& registry, const Generation& generation,
         Journal& journal, std::stop_token stop)
        : client_(client),
          registry_(registry),
          generation_(generation),
          journal_(journal),
          stop_(std::move(stop)),
          tags_side_{.name = "the registry " + registry.host()} {}

    UndoResult run() {
        announce(Act::undo, {{"generation", generation_.number}});
        client_.discovery().forget();
        std::vector<kubernetes::ObjectKey> keys;
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
            attempt(cluster_side_, object.key.text(),
                    object.object ? fmt::format("restore it from the record: {}",
                                                record_command(generation_.number))
                                  : kubectl("delete", object.key),
                    [&] { put_back(object); });
        }
        if (!nodes_done) nodes();
        wait_until_gone();
        for (const auto& tag : generation_.tags) {
            const auto name =
                fmt::format("tag {}/{}:{}", registry_.host(), tag.repository, tag.tag);
            attempt(tags_side_, name,
                    tag.digest.empty() ? "remove the " + name
                                       : fmt::format("point the {} to {}", name, tag.digest),
                    [&] { put_back(tag, name); });
        }
        nodes();
        attempt(cluster_side_, "the record of this generation",
                fmt::format("kubectl -n kube-system delete secret -l airlock.dev/generation={}",
                            generation_.number),
                [&] {
                    if (result_.failed.empty()) remove_generation(client_, generation_.number);
                });
        if (stop_.stop_requested()) {
            result_.failed.push_back({.where = fmt::format("generation {}", generation_.number),
                                      .message = "stopped on request before its end",
                                      .hint = "run rollback again: it goes on where it was"});
        }
        return std::move(result_);
    }

  private:
    template <typename Task>
    void attempt(Side& side, const std::string& where, const std::string& command, Task&& task) {
        if (stop_.stop_requested() || side.is_gone) return;
        try {
            task();
        } catch (const Error& error) {
            side.is_gone =
                error.code() == base::Errc::network || error.code() == base::Errc::timeout;
            if (side.is_gone) {
                result_.failed.push_back(
                    {.where = side.name,
                     .message = error.what(),
                     .hint = "when it answers again, run rollback again: it goes on where it was"});
                return;
            }
            failed(where, error.what(), command);
        } catch (const std::exception& error) {  // an answer that nobody thought of
            failed(where, error.what(), command);
        }
    }

    void failed(const std::string& where, const char* message, const std::string& command) {
        result_.failed.push_back(
            {.where = where, .message = message, .hint = "by hand: " + command});
    }

    // Says what is going to be done. A full disk must not keep anything from being put back:
    // without the record, running it again finds out by looking.
    void announce(Act act, Json fields) {
        try {
            journal_.append(act, std::move(fields));
        } catch (const Error& error) {
            if (!std::exchange(journal_failed_, true))
                base::log_warn("going on without the journal: {}", error.what());
        }
    }

    void nodes() {
        if (!generation_.brings_node_webhook) return;
        auto nodes = generation_.nodes;
        attempt(cluster_side_, "nodes", "kubectl get nodes", [&] { add_newcomers(nodes); });
        for (const auto& node : nodes) {
            attempt(cluster_side_, "Node " + node.name,
                    fmt::format("kubectl annotate node {} {}-", node.name,
                                generation_.state_annotation),
                    [&] { restore_node(client_, node, generation_.state_annotation); });
        }
    }

    // Of a node that joined since the snapshot nothing is known but that its record must go.
    void add_newcomers(std::vector<NodeBefore>& nodes) {
        for (auto& node : read_nodes(client_)) {
            if (std::ranges::find(nodes, node.name, &NodeBefore::name) == nodes.end())
                nodes.push_back({.name = std::move(node.name), .allocatable = Json::object()});
        }
    }

    void put_back(const ObjectBefore& object) {
        const auto live = client_.get(object.key);
        if (object.object) {
            if (live && same_content(*object.object, *live)) return;
            announce(Act::restore, {{"object", object.key.text()}});
            if (live) {
                replace(object.key, *object.object);
            } else {
                auto again = restorable(*object.object, *object.object);
                again["metadata"].erase("resourceVersion");
                client_.create(object.key, again);
            }
            return;
        }
        if (!live) return;
        if (!is_ours(*live, object.created_uid)) {
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
            wait_for_pods_of(object.key.name);
        }
        announce(Act::remove, {{"object", object.key.text()}});
        auto uid = base::text_at(*live, {"metadata", "uid"});
        client_.remove(object.key, uid);
        gone_.push_back({.key = object.key, .uid = std::move(uid)});
    }

    // The server's namespace controller looks again later and later while pods are ending, for two
    // minutes at worst; a namespace without pods goes in seconds.
    void wait_for_pods_of(const std::string& name_space) {
        const auto deadline = std::chrono::steady_clock::now() + kPodsTimeout;
        bool told = false;
        for (;;) {
            const auto pods = client_.list("v1", "Pod", name_space).size();
            if (pods == 0 || std::chrono::steady_clock::now() > deadline) return;
            if (!std::exchange(told, true))
                base::log_info("Namespace {}: waiting for its {} to end", name_space,
                               base::counted(pods, "pod"));
            if (!base::sleep_for(kLookEvery, stop_)) return;
        }
    }

    // Controllers write into the objects that are put back: a conflict only means to look again.
    void replace(const kubernetes::ObjectKey& key, const Json& object) {
        for (int tries = kReplaceTries; tries > 0; --tries) {
            const auto live = client_.get(key);
            if (!live) throw Error(base::Errc::conflict, "somebody deleted it just now");
            try {
                client_.replace(key, restorable(object, *live));
                return;
            } catch (const Error& error) {
                if (error.code() != base::Errc::conflict || tries == 1) throw;
            }
        }
    }

    void leave(const kubernetes::ObjectKey& key, std::string reason) {
        result_.left.push_back({.where = key.text(),
                                .message = std::move(reason),
                                .hint = "by hand, if it is to go: " + kubectl("delete", key)});
    }

    void put_back(const TagBefore& tag, const std::string& name) {
        const auto live = registry_.head_manifest(tag.repository, tag.tag);
        if (live && live->digest.text() != tag.digest && !we_moved(tag, live->digest.text())) {
            result_.left.push_back(
                {.where = name,
                 .message = fmt::format("somebody else moved it to {} since: it is left as it is",
                                        live->digest.text()),
                 .hint = "by hand, if it is to go: delete or move the tag in the registry"});
            return;
        }
        if (tag.digest.empty()) {
            if (!live) return;
            announce(Act::remove_tag, {{"tag", tag.repository + ":" + tag.tag}});
            try {
                registry_.delete_tag(tag.repository, tag.tag);
            } catch (const Error& error) {
                if (error.code() != base::Errc::unsupported) throw;
                result_.left.push_back(
                    {.where = name,
                     .message = error.what(),
                     .hint = "let the registry delete (Distribution: storage.delete.enabled), or "
                             "leave the tag: nothing uses it"});
            }
        } else if (!live || live->digest.text() != tag.digest) {
            announce(Act::move_tag_back, {{"tag", tag.repository + ":" + tag.tag}});
            registry_.put_manifest(tag.repository, tag.tag, tag.manifest, tag.media_type);
        }
    }

    static bool we_moved(const TagBefore& tag, const std::string& digest) {
        return tag.moved_to.empty() ||  // an earlier version did not record it
               std::ranges::find(tag.moved_to, digest) != tag.moved_to.end() ||
               digest == images::tombstone_manifest(tag.repository, tag.tag).descriptor.digest.text();
    }

    void wait_until_gone() {
        if (!gone_.empty()) {
            base::log_info("waiting for {} to be gone", base::counted(gone_.size(), "object"));
        }
        const auto deadline = std::chrono::steady_clock::now() + kGoneTimeout;
        for (;;) {
            // One of another uid is not the one that was deleted: a controller made it again.
            std::erase_if(gone_, [&](const Gone& gone) {
                try {
                    const auto live = client_.get(gone.key);
                    return !live || base::text_at(*live, {"metadata", "uid"}) != gone.uid;
                } catch (const Error&) {
                    return false;
                }
            });
            if (gone_.empty() || !base::sleep_for(kLookEvery, stop_)) return;
            if (std::chrono::steady_clock::now() > deadline) break;
        }
        for (const auto& [key, uid] : gone_) {
            result_.failed.push_back(
                {.where = key.text(),
                 .message = "it was deleted and is still there; something holds it",
                 .hint = "see its finalizers and conditions: " + kubectl("get -o yaml", key)});
        }
    }

    kubernetes::Client& client_;
    images::RegistryClient& registry_;
    const Generation& generation_;
    Journal& journal_;
    std::stop_token stop_;
    std::vector<Gone> gone_;
    Side cluster_side_{.name = "the API server"};
    Side tags_side_;
    UndoResult result_;
    bool journal_failed_ = false;
};

}  // namespace

UndoResult undo(kubernetes::Client& client, images::RegistryClient& registry,
                const Generation& generation, Journal& journal, const std::stop_token& stop) {
    return Undo(client, registry, generation, journal, stop).run();
}

}  // namespace airlock::installer
