// The Kubernetes API, as far as installing needs it: discovery, get, list, watch, server-side apply
// of YAML text, merge patches, delete with preconditions. Works from 1.20 on. Every error names the
// object and what the server said. Any thread may call.
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
    bool previous = false;  // of the container's run before this one
};

class Client {
  public:
    Client(Kubeconfig config, std::stop_token stop, std::string_view field_manager = kFieldManager);
    ~Client();

    // Another reason to stop than that of the constructor. Not while calls are under way.
    void set_stop(std::stop_token stop);

    // GET /version; Errc::network with the server's URL and the kubeconfig's name when it is down.
    // "v1.20.2"
    std::string server_version();
    // Read once, and again after discovery().forget(), when CRDs were applied.
    Discovery& discovery();
    const std::string& default_namespace() const;  // of the kubeconfig's context
    // The key with the default namespace filled in for namespaced kinds and dropped for others.
    // Errc::not_found when the kind is unknown and `crd_expected` is false; otherwise the key as it
    // is.
    ObjectKey with_namespace(ObjectKey key, bool crd_expected = false);

    // Nothing when the object, or its kind, is not there.
    std::optional<Json> get(const ObjectKey& key);
    // All objects of a kind; an empty namespace is all of them. `query` as "labelSelector=…",
    // encoded already.
    std::vector<Json> list(const std::string& api_version, const std::string& kind,
                           const std::string& name_space = {}, const std::string& query = {});
    // The same, a page at a time; nothing is kept. The resourceVersion of the list: where a watch
    // goes on from.
    std::string for_each(const std::string& api_version, const std::string& kind,
                         const std::string& name_space, const std::string& query,
                         const std::function<void(Json)>& act);
    // Every object of a kind that is added or modified after `resource_version`, for `time`. Where
    // the next watch goes on from; nothing when `resource_version` is too old: list again.
    std::optional<std::string> watch(const std::string& api_version, const std::string& kind,
                                     std::string resource_version, std::chrono::seconds time,
                                     const std::function<void(const Json&)>& on_change);
    // Server-side apply (PATCH application/apply-patch+yaml, force=true): the text goes as it is.
    // The live object.
    Json apply(const ObjectKey& key, std::string_view yaml, const std::string& field_manager,
               bool dry_run = false);
    // JSON merge patch, `subresource` as "status" or empty. A body with resourceVersion makes it
    // conditional.
    Json merge_patch(const ObjectKey& key, const Json& patch, const std::string& subresource = {});
    Json create(const ObjectKey& key, const Json& object);
    // PUT; the object carries metadata.resourceVersion, or replaces whatever is there when it does
    // not.
    Json replace(const ObjectKey& key, const Json& object);
    // With a UID precondition when `uid` is not empty. Absent is no error:
    // false.
    bool remove(const ObjectKey& key, const std::string& uid);
    // POST selfsubjectaccessreviews: may we?
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
