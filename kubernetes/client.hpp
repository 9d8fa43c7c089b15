// A client for the Kubernetes API, 1.20 or later: discovery, get, list, watch, server-side apply of
// YAML text, merge patches, delete with preconditions. Every error has the object and the message
// of the server; no credential is ever part of it. Thread-safe.
#pragma once

#include "base/http.hpp"
#include "base/json.hpp"
#include "base/retry.hpp"
#include "kubernetes/discovery.hpp"
#include "kubernetes/field_managers.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "kubernetes/object_key.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::kubernetes {

using base::Json;

struct LogTail {
    int lines = 1;
    bool previous = false;  // of the previous instance of the container
};

class Client {
  public:
    Client(Kubeconfig config, std::stop_token stop, std::string_view field_manager = kFieldManager);
    ~Client();

    // Replaces the stop token of the constructor. Not while calls are in progress.
    void set_stop(std::stop_token stop);

    // GET /version, as "v1.20.2"; Errc::network with the URL and the kubeconfig when the server is
    // down.
    std::string server_version();
    // Cached; call discovery().forget() after applying CRDs.
    Discovery& discovery();
    const std::string& default_namespace() const;  // of the kubeconfig's context
    // The key with the default namespace filled in for namespaced kinds and dropped for others.
    // Errc::not_found when the kind is unknown and `crd_expected` is false; otherwise the key as it
    // is.
    ObjectKey with_namespace(ObjectKey key, bool crd_expected = false);

    // Absent when the object or its kind does not exist.
    std::optional<Json> get(const ObjectKey& key);
    // All objects of a kind; an empty namespace means all namespaces. `query` is percent-encoded:
    // "labelSelector=…".
    std::vector<Json> list(const std::string& api_version, const std::string& kind,
                           const std::string& name_space = {}, const std::string& query = {});
    // The same, page by page. Returns the resourceVersion of the list, from which a watch
    // continues.
    std::string for_each(const std::string& api_version, const std::string& kind,
                         const std::string& name_space, const std::string& query,
                         const std::function<void(Json)>& act);
    // Passes on every object of a kind that is added or modified after `resource_version`, for
    // `time`. Returns where the next watch continues; absent when `resource_version` is too old:
    // list again.
    std::optional<std::string> watch(const std::string& api_version, const std::string& kind,
                                     std::string resource_version, std::chrono::seconds time,
                                     const std::function<void(const Json&)>& on_change);
    // Server-side apply (PATCH application/apply-patch+yaml, force=true) of the unmodified text.
    // Returns the live object.
    Json apply(const ObjectKey& key, std::string_view yaml, const std::string& field_manager,
               bool dry_run = false);
    // JSON merge patch, `subresource` as "status" or empty. A body with resourceVersion makes it
    // conditional.
    Json merge_patch(const ObjectKey& key, const Json& patch, const std::string& subresource = {});
    Json create(const ObjectKey& key, const Json& object);
    // PUT; with metadata.resourceVersion only that version is replaced, without it any.
    Json replace(const ObjectKey& key, const Json& object);
    // With a UID precondition when `uid` is not empty. False when the object does not exist.
    bool remove(const ObjectKey& key, const std::string& uid);
    // POST selfsubjectaccessreviews, like kubectl auth can-i.
    bool allowed(const std::string& verb, const std::string& group, const std::string& resource,
                 const std::string& name_space = {});
    // The last lines of a container's log, oldest first, at most 16 KiB.
    std::vector<std::string> pod_log(const std::string& name_space, const std::string& pod,
                                     const std::string& container, LogTail tail);
    // GET /api/v1/namespaces/NS/services/https:NAME:PORT/proxy/PATH: status and body.
    base::HttpResponse service_proxy(const std::string& name_space, const std::string& service,
                                     int port, const std::string& path);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::kubernetes
