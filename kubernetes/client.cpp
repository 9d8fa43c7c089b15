#include "kubernetes/client.hpp"

#include "base/error.hpp"
#include "base/url.hpp"
#include "kubernetes/transport.hpp"
#include "kubernetes/watch_stream.hpp"

#include <sstream>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using base::Error;

constexpr int kPage = 500;
constexpr int kMaxPages = 1000;
constexpr int kMaxLog = 16 * 1024;  // bytes
constexpr std::chrono::seconds kWatchGrace{
    30};  // for the server to close a watch that has timed out

// Apply calls admission webhooks, which may fail for a while after their pods are ready: a new
// cert-manager injects no CA bundle until the leader lease of the old one has expired, after a
// minute. Two minutes in all.
constexpr base::RetryPolicy kApplyRetries{.attempts = 28,
                                          .first_delay = std::chrono::milliseconds(300),
                                          .longest_delay = std::chrono::seconds(5)};

}  // namespace

struct Client::State {
    Transport transport;
    Discovery discovery{transport};
    std::string writer;  // "?fieldManager=NAME"

    State(Kubeconfig config, std::stop_token stop, std::string_view field_manager)
        : transport(std::move(config), std::move(stop)),
          writer("?fieldManager=" + base::percent_encode(field_manager)) {}
};

Client::Client(Kubeconfig config, std::stop_token stop, std::string_view field_manager)
    : state_(std::make_unique<State>(std::move(config), std::move(stop), field_manager)) {}

Client::~Client() = default;

void Client::set_stop(std::stop_token stop) {
    state_->transport.set_stop(std::move(stop));
}

namespace {

// /apis/apps/v1/namespaces/x/deployments[/name]
std::string collection(const ApiResource& resource, const std::string& api_version,
                       const std::string& name_space) {
    auto path = api_path(api_version);
    if (resource.namespaced && !name_space.empty())
        path += "/namespaces/" + base::percent_encode(name_space);
    return path + "/" + resource.plural;
}

std::string object_path(const ApiResource& resource, const ObjectKey& key) {
    return collection(resource, key.api_version, key.namespace_name) + "/" +
           base::percent_encode(key.name);
}

ApiResource require_resource(Client& client, const ObjectKey& key) {
    if (auto found = client.discovery().find_resource(key.api_version, key.kind))
        return *std::move(found);
    throw Error(Errc::not_found, "{}: the cluster does not serve kind {} in {}", key.text(),
                key.kind, key.api_version)
        .set_hint(
            "install its CRD first, or check that the Kubernetes version serves this API version");
}

}  // namespace

std::string Client::server_version() {
    return base::require_string(
        state_->transport.ask("read", "the version", {.url = "/version"}, {.attempts = 2}),
        "gitVersion", "/version");
}

Discovery& Client::discovery() {
    return state_->discovery;
}

const std::string& Client::default_namespace() const {
    return state_->transport.config().name_space;
}

ObjectKey Client::with_namespace(ObjectKey key, bool crd_expected) {
    const auto resource = state_->discovery.find_resource(key.api_version, key.kind);
    if (!resource) {
        if (!crd_expected) require_resource(*this, key);
        return key;
    }
    if (!resource->namespaced) key.namespace_name.clear();
    if (resource->namespaced && key.namespace_name.empty())
        key.namespace_name = default_namespace();
    return key;
}

std::optional<Json> Client::get(const ObjectKey& key) {
    const auto resource = state_->discovery.find_resource(key.api_version, key.kind);
    if (!resource) return std::nullopt;
    return base::with_retries(
        {}, "reading " + key.text(), state_->transport.stop(), [&]() -> std::optional<Json> {
            const auto response = state_->transport.send({.url = object_path(*resource, key)});
            if (response.status == 404) return std::nullopt;
            if (!response.ok()) refuse(response, "read", key.text());
            auto answer = base::parse_json(response.body, key.text());
            if (!answer.is_object()) malformed(key.text());
            return answer;
        });
}

std::string Client::for_each(const std::string& api_version, const std::string& kind,
                             const std::string& name_space, const std::string& query,
                             const std::function<void(Json)>& act) {
    const auto resource = require_resource(
        *this,
        {.api_version = api_version, .kind = kind, .namespace_name = name_space, .name = {}});
    std::string version;
    std::string next;
    int pages = 0;
    do {
        auto url = collection(resource, api_version, name_space) + fmt::format("?limit={}", kPage);
        if (!query.empty()) url += "&" + query;
        if (!next.empty()) url += "&continue=" + base::percent_encode(next);
        auto page = state_->transport.ask("list", resource.plural, {.url = url});
        if (++pages > kMaxPages) {
            throw Error(Errc::invalid, "the list of {} is too long: more than {} pages of {}",
                        resource.plural, kMaxPages, kPage);
        }
        for (auto& item : page["items"]) {
            if (!item.is_object()) malformed("list " + resource.plural);
            // Items of a list have neither apiVersion nor kind.
            item["apiVersion"] = api_version;
            item["kind"] = kind;
            act(std::move(item));
        }
        const auto* metadata = base::find(page, "metadata");
        const auto text = [&](std::string_view key) {
            return metadata == nullptr ? std::string()
                                       : base::get_string(*metadata, key, resource.plural);
        };
        version = text("resourceVersion");
        next = text("continue");
    } while (!next.empty());
    return version;
}

std::vector<Json> Client::list(const std::string& api_version, const std::string& kind,
                               const std::string& name_space, const std::string& query) {
    std::vector<Json> out;
    for_each(api_version, kind, name_space, query,
             [&](Json item) { out.push_back(std::move(item)); });
    return out;
}

std::optional<std::string> Client::watch(const std::string& api_version, const std::string& kind,
                                         std::string resource_version, std::chrono::seconds time,
                                         const std::function<void(const Json&)>& on_change) {
    const auto resource = require_resource(
        *this, {.api_version = api_version, .kind = kind, .namespace_name = {}, .name = {}});
    bool too_old = false;
    WatchStream events([&](const WatchEvent& event) {
        if (event.too_old) {
            too_old = true;
            return;
        }
        resource_version = event.resource_version;
        if (event.type == WatchEvent::Type::added || event.type == WatchEvent::Type::modified)
            on_change(event.object);
    });
    const auto response = state_->transport.send(
        {.url =
             collection(resource, api_version, {}) +
             fmt::format("?watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                         base::percent_encode(resource_version), time.count()),
         .body_sink = &events,
         .timeout = time + kWatchGrace});
    constexpr long kGone = 410;
    if (too_old || response.status == kGone) return std::nullopt;
    if (!response.ok()) refuse(response, "watch", resource.plural);
    return resource_version;
}

Json Client::apply(const ObjectKey& key, std::string_view yaml, const std::string& field_manager,
                   bool dry_run) {
    const auto resource = require_resource(*this, key);
    auto url = object_path(resource, key) +
               "?force=true&fieldManager=" + base::percent_encode(field_manager);
    if (dry_run) url += "&dryRun=All";
    return state_->transport.ask("apply", key.text(),
                                 {.method = "PATCH",
                                  .url = url,
                                  .headers = {"Content-Type: application/apply-patch+yaml"},
                                  .body = std::string(yaml)},
                                 dry_run ? base::RetryPolicy{} : kApplyRetries);
}

Json Client::merge_patch(const ObjectKey& key, const Json& patch, const std::string& subresource) {
    const auto resource = require_resource(*this, key);
    const auto url = object_path(resource, key) + (subresource.empty() ? "" : "/" + subresource) +
                     state_->writer;
    return state_->transport.ask("patch", key.text(),
                                 {.method = "PATCH",
                                  .url = url,
                                  .headers = {"Content-Type: application/merge-patch+json"},
                                  .body = base::dump_json(patch)});
}

Json Client::create(const ObjectKey& key, const Json& object) {
    const auto resource = require_resource(*this, key);
    return state_->transport.ask(
        "create", key.text(),
        {.method = "POST",
         .url = collection(resource, key.api_version, key.namespace_name) + state_->writer,
         .headers = {"Content-Type: application/json"},
         .body = base::dump_json(object)});
}

Json Client::replace(const ObjectKey& key, const Json& object) {
    const auto resource = require_resource(*this, key);
    return state_->transport.ask("replace", key.text(),
                                 {.method = "PUT",
                                  .url = object_path(resource, key) + state_->writer,
                                  .headers = {"Content-Type: application/json"},
                                  .body = base::dump_json(object)});
}

bool Client::remove(const ObjectKey& key, const std::string& uid) {
    const auto resource = state_->discovery.find_resource(key.api_version, key.kind);
    if (!resource) return false;
    Json options{
        {"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", "Background"}};
    if (!uid.empty()) options["preconditions"] = {{"uid", uid}};
    return base::with_retries({}, "deleting " + key.text(), state_->transport.stop(), [&] {
        const auto response = state_->transport.send({.method = "DELETE",
                                                      .url = object_path(*resource, key),
                                                      .headers = {"Content-Type: application/json"},
                                                      .body = base::dump_json(options)});
        if (response.status == 404) return false;
        if (!response.ok()) refuse(response, "delete", key.text());
        return true;
    });
}

bool Client::allowed(const std::string& verb, const std::string& group, const std::string& resource,
                     const std::string& name_space) {
    Json attributes{{"verb", verb}, {"group", group}, {"resource", resource}};
    if (const auto slash = resource.find('/'); slash != std::string::npos) {
        attributes["resource"] = resource.substr(0, slash);
        attributes["subresource"] = resource.substr(slash + 1);
    }
    if (!name_space.empty()) attributes["namespace"] = name_space;
    const Json review{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", {{"resourceAttributes", attributes}}}};
    const auto answer =
        state_->transport.ask("check", "permissions",
                              {.method = "POST",
                               .url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                               .headers = {"Content-Type: application/json"},
                               .body = base::dump_json(review)});
    const auto* verdict = base::find_path(answer, {"status", "allowed"});
    return verdict != nullptr && *verdict == true;
}

std::vector<std::string> Client::pod_log(const std::string& name_space, const std::string& pod,
                                         const std::string& container, LogTail tail) {
    const auto response = state_->transport.send(
        {.url = fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}&tailLines={}"
                            "&limitBytes={}&previous={}",
                            base::percent_encode(name_space), base::percent_encode(pod),
                            base::percent_encode(container), tail.lines, kMaxLog, tail.previous)});
    if (!response.ok()) refuse(response, "read", fmt::format("the log of {}/{}", pod, container));
    std::vector<std::string> out;
    std::istringstream text(response.body);
    for (std::string line; std::getline(text, line);)
        out.push_back(std::move(line));
    return out;
}

base::HttpResponse Client::service_proxy(const std::string& name_space, const std::string& service,
                                         int port, const std::string& path) {
    return state_->transport.send(
        {.url = fmt::format("/api/v1/namespaces/{}/services/https:{}:{}/proxy{}",
                            base::percent_encode(name_space), base::percent_encode(service), port,
                            path)});
}

}  // namespace airlock::kubernetes
