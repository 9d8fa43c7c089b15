#include "installer/transaction/undo.hpp"

#include "base/counted.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "installer/nodes/node_snapshot.hpp"
#include "installer/record/generation_store.hpp"
#include "installer/transaction/ownership.hpp"
#include "installer/transaction/undo_decision.hpp"
#include "manifests/apply_order.hpp"

#include <algorithm>

namespace airlock::installer {
namespace {

using base::Error;
using base::Json;

constexpr std::chrono::seconds kDeletionTimeout{240};
constexpr std::chrono::seconds kPodsTimeout{60};
constexpr std::chrono::milliseconds kPollInterval{500};
constexpr int kAttempts = 5;

std::string kubectl(std::string_view verb, const kubernetes::ObjectKey& key) {
    const auto name_space =
        key.namespace_name.empty() ? std::string() : " -n " + key.namespace_name;
    return fmt::format("kubectl{} {} {} {}", name_space, verb, key.kind, key.name);
}

struct Deleted {
    kubernetes::ObjectKey key;
    std::string uid;
};

// Prints the Secrets that hold the snapshot.
std::string record_command(int generation) {
    return fmt::format("kubectl -n kube-system get secret -l airlock.dev/generation={} -o yaml",
                       generation);
}

// One that does not answer is tried once, not for every object.
struct Server {
    std::string name;
    bool unreachable = false;
};

class Undo {
  public:
    Undo(kubernetes::Client& client, images::RegistryClient& registry, const Generation& generation,
         Journal& journal, const UndoOptions& options, std::stop_token stop)
        : client_(client),
          registry_(registry),
          generation_(generation),
          journal_(journal),
          options_(options),
          ownership_(client, options.ignored),
          stop_(std::move(stop)),
          registry_server_{.name = "registry " + registry.host()} {}

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
            attempt(api_server_, object.key.text(),
                    object.object ? fmt::format("restore it from the snapshot: {}",
                                                record_command(generation_.number))
                                  : kubectl("delete", object.key),
                    [&] { restore(object); });
        }
        if (!nodes_done) nodes();
        wait_for_deletion();
        for (const auto& tag : generation_.tags) {
            const auto name =
                fmt::format("tag {}/{}:{}", registry_.host(), tag.repository, tag.tag);
            attempt(registry_server_, name,
                    tag.digest.empty() ? "remove the " + name
                                       : fmt::format("point the {} to {}", name, tag.digest),
                    [&] { restore(tag, name); });
        }
        nodes();
        attempt(api_server_, "snapshot of this generation",
                fmt::format("kubectl -n kube-system delete secret -l airlock.dev/generation={}",
                            generation_.number),
                [&] {
                    if (result_.failed.empty()) remove_generation(client_, generation_.number);
                });
        if (stop_.stop_requested()) {
            result_.failed.push_back({.where = fmt::format("generation {}", generation_.number),
                                      .message = "stopped on request before it was undone",
                                      .hint = "run rollback again to continue"});
        }
        return std::move(result_);
    }

  private:
    template <typename Task>
    void attempt(Server& server, const std::string& where, const std::string& command,
                 Task&& task) {
        if (stop_.stop_requested() || server.unreachable) return;
        try {
            task();
        } catch (const Error& error) {
            using enum base::Errc;
            server.unreachable = error.code() == network || error.code() == timeout ||
                                 (error.code() == unavailable && &server == &registry_server_);
            if (server.unreachable) {
                result_.failed.push_back(
                    {.where = server.name,
                     .message = error.what(),
                     .hint = "when it is reachable again, run rollback again to continue"});
                return;
            }
            failed(where, error.what(), command);
        } catch (const std::exception& error) {  // an unexpected answer must not stop the rest
            failed(where, error.what(), command);
        }
    }

    void failed(const std::string& where, const char* message, const std::string& command) {
        result_.failed.push_back(
            {.where = where, .message = message, .hint = "to fix it manually: " + command});
    }

    // A full disk must not prevent a restore: without the record, the next run finds out from the
    // live state what remains.
    void announce(Act act, Json fields) {
        try {
            journal_.append(act, std::move(fields));
        } catch (const Error& error) {
            if (!std::exchange(journal_failed_, true))
                base::log_warn("continuing without the journal: {}", error.what());
        }
    }

    void nodes() {
        if (!generation_.brings_node_webhook) return;
        auto nodes = generation_.nodes;
        attempt(api_server_, "nodes", "kubectl get nodes", [&] { add_new_nodes(nodes); });
        for (const auto& node : nodes) {
            attempt(api_server_, "Node " + node.name,
                    fmt::format("kubectl annotate node {} {}-", node.name,
                                generation_.state_annotation),
                    [&] { restore_node(client_, node, generation_.state_annotation); });
        }
    }

    // The values of a node that joined since the snapshot are unknown, so only its annotation is
    // removed.
    void add_new_nodes(std::vector<NodeBefore>& nodes) {
        for (auto& node : read_nodes(client_)) {
            if (std::ranges::find(nodes, node.name, &NodeBefore::name) == nodes.end())
                nodes.push_back({.name = std::move(node.name), .allocatable = Json::object()});
        }
    }

    // Controllers write to the objects that are being restored, so a conflict is decided again.
    void restore(const ObjectBefore& object) {
        for (int left = kAttempts; left > 0; --left) {
            try {
                carry_out(object);
                return;
            } catch (const Error& error) {
                if (error.code() != base::Errc::conflict || left == 1) throw;
            }
        }
    }

    void carry_out(const ObjectBefore& object) {
        using Action = UndoDecision::Action;
        const auto live = client_.get(object.key);
        auto decision = decide_undo({.touched = object.touched,
                                     .recorded = object.object,
                                     .ours = object.changes,
                                     .live = live,
                                     .created_uid = object.created_uid,
                                     .force = options_.force});
        switch (decision.action) {
            case Action::skip:
                return;
            case Action::create:
                announce(Act::restore, {{"object", object.key.text()}});
                client_.create(object.key, decision.content);
                return;
            case Action::replace:
                announce(Act::restore, {{"object", object.key.text()}});
                decision.content["metadata"]["resourceVersion"] =
                    base::text_at(*live, {"metadata", "resourceVersion"});
                client_.replace(object.key, decision.content);
                return;
            case Action::remove:
                remove(object.key, *live);
                return;
            case Action::leave:
                leave(object, live.has_value(), std::move(decision.reason));
                return;
        }
    }

    void remove(const kubernetes::ObjectKey& key, const Json& live) {
        if (key.kind == "CustomResourceDefinition") {
            const auto unmanaged = ownership_.unmanaged_instances_of(live);
            if (!unmanaged.empty()) {
                return leave(
                    key, fmt::format("it has unmanaged objects, such as {}", unmanaged.front()));
            }
        }
        if (key.kind == "Namespace") {
            const auto unmanaged = ownership_.unmanaged_objects_in(key.name);
            if (!unmanaged.empty()) {
                return leave(key, fmt::format("it contains unmanaged objects, such as {}",
                                              unmanaged.front()));
            }
            wait_for_pods_of(key.name);
        }
        announce(Act::remove, {{"object", key.text()}});
        auto uid = base::text_at(live, {"metadata", "uid"});
        client_.remove(key, uid);
        deleted_.push_back({.key = key, .uid = std::move(uid)});
    }

    // The namespace controller backs off for up to two minutes while pods terminate; a namespace
    // without pods is deleted in seconds.
    void wait_for_pods_of(const std::string& name_space) {
        const auto deadline = std::chrono::steady_clock::now() + kPodsTimeout;
        bool logged = false;
        for (;;) {
            const auto pods = client_.list("v1", "Pod", name_space).size();
            if (pods == 0 || std::chrono::steady_clock::now() > deadline) return;
            if (!std::exchange(logged, true))
                base::log_info("Namespace {}: waiting for {} to terminate", name_space,
                               base::counted(pods, "pod"));
            if (!base::sleep_for(kPollInterval, stop_)) return;
        }
    }

    void leave(const kubernetes::ObjectKey& key, std::string reason) {
        result_.left.push_back({.where = key.text(),
                                .message = std::move(reason),
                                .hint = "to delete it manually: " + kubectl("delete", key)});
    }

    // The snapshot is removed at the end, so the recorded content is kept in a file.
    void leave(const ObjectBefore& object, bool exists, std::string reason) {
        if (!object.object) return leave(object.key, std::move(reason));
        const auto& key = object.key;
        const auto file = options_.left / fmt::format("generation-{}", generation_.number) /
                          fmt::format("{}_{}_{}.json", key.kind, key.namespace_name, key.name);
        base::make_directories(file.parent_path(), 0700);
        base::write_file_durably(file, base::dump_json(restorable(*object.object), 2) + "\n", 0600);
        result_.left.push_back(
            {.where = key.text(),
             .message = std::move(reason),
             .hint =
                 fmt::format("it stays as it is; to restore what was recorded: kubectl {} -f {}",
                             exists ? "replace" : "create", file.string())});
    }

    void restore(const TagBefore& tag, const std::string& name) {
        const auto live = registry_.head_manifest(tag.repository, tag.tag);
        if (live && live->digest.text() != tag.digest && !we_moved(tag, live->digest.text())) {
            result_.left.push_back(
                {.where = name,
                 .message = fmt::format("it was moved to {} since and is left unchanged",
                                        live->digest.text()),
                 .hint = "to restore it manually, delete or move the tag in the registry"});
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
                     .hint = "enable deletion in the registry (Distribution: "
                             "storage.delete.enabled), or keep the tag: nothing uses it"});
            }
        } else if (!live || live->digest.text() != tag.digest) {
            announce(Act::move_tag_back, {{"tag", tag.repository + ":" + tag.tag}});
            registry_.put_manifest(tag.repository, tag.tag, tag.manifest, tag.media_type);
        }
    }

    static bool we_moved(const TagBefore& tag, const std::string& digest) {
        return tag.moved_to.empty() ||  // an earlier version did not record it
               std::ranges::find(tag.moved_to, digest) != tag.moved_to.end() ||
               digest ==
                   images::tombstone_manifest(tag.repository, tag.tag).descriptor.digest.text();
    }

    void wait_for_deletion() {
        if (!deleted_.empty()) {
            base::log_info("waiting for {} to be deleted",
                           base::counted(deleted_.size(), "object"));
        }
        const auto deadline = std::chrono::steady_clock::now() + kDeletionTimeout;
        for (;;) {
            // Another uid: the object was deleted, and a controller created it again.
            std::erase_if(deleted_, [&](const Deleted& object) {
                try {
                    const auto live = client_.get(object.key);
                    return !live || base::text_at(*live, {"metadata", "uid"}) != object.uid;
                } catch (const Error&) {
                    return false;
                }
            });
            if (deleted_.empty() || !base::sleep_for(kPollInterval, stop_)) return;
            if (std::chrono::steady_clock::now() > deadline) break;
        }
        for (const auto& [key, uid] : deleted_) {
            result_.failed.push_back(
                {.where = key.text(),
                 .message = "it was deleted but still exists",
                 .hint = "check its finalizers and conditions: " + kubectl("get -o yaml", key)});
        }
    }

    kubernetes::Client& client_;
    images::RegistryClient& registry_;
    const Generation& generation_;
    Journal& journal_;
    const UndoOptions& options_;
    Ownership ownership_;
    std::stop_token stop_;
    std::vector<Deleted> deleted_;
    Server api_server_{.name = "API server"};
    Server registry_server_;
    UndoResult result_;
    bool journal_failed_ = false;
};

}  // namespace

UndoResult undo(kubernetes::Client& client, images::RegistryClient& registry,
                const Generation& generation, Journal& journal, const UndoOptions& options,
                const std::stop_token& stop) {
    return Undo(client, registry, generation, journal, options, stop).run();
}

}  // namespace airlock::installer
