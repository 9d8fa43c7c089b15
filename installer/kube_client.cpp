#include "installer/kube_client.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/url.hpp"

#include <map>
#include <mutex>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::HttpRequest;
using base::HttpResponse;

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;
constexpr std::size_t kMaxToken = 64 * 1024;
constexpr int kPage = 500;
constexpr int kMaxPages = 1000;
constexpr std::string_view kWriter = "?fieldManager=airlock";

// Applying waits for other people's admission webhooks, which need a while after their pods are
// ready: a cert-manager that was there before holds its leader's lease for a minute, and until then
// the new one injects no authority. Two minutes in all.
constexpr base::RetryPolicy kPatient{.attempts = 28,
                                     .first_delay = std::chrono::milliseconds(300),
                                     .longest_delay = std::chrono::seconds(5)};

std::string api_path(const std::string& api_version) {
    return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
}

// The message of the Status object that the server sends with an error; else the beginning of the
// body.
std::string status_message(const HttpResponse& response) {
    try {
        const auto message = base::get_string(base::parse_json(response.body, "the answer"),
                                              "message", "the answer");
        if (!message.empty()) return message.substr(0, 2000);
    } catch (const Error&) {  // not JSON: a proxy in between
    }
    return response.body.substr(0, 300);
}

[[noreturn]] void refuse(const HttpResponse& response, std::string_view verb,
                         const std::string& object) {
    const auto message = status_message(response);
    auto error = base::status_error(
        response, fmt::format("cannot {} {}: {}{}", verb, object, message.empty() ? "HTTP " : "",
                              message.empty() ? std::to_string(response.status) : message));
    if (response.status == 401) {
        error.set_hint(
            "the API server does not know these credentials: check the user of the kubeconfig, and "
            "whether its certificate or token has expired");
    } else if (response.status == 403) {
        error.set_hint(
            "this user has not the right to do so: use an administrator's kubeconfig, or grant "
            "what the message names");
    }
    // 1.20 answers 500 to a text that does not fit the kind's schema: no later try will do better.
    if (response.status == 500 && message.find("failed to create typed patch") == 0) {
        error.set_code(Errc::remote);
        error.set_hint("the manifest does not fit what this cluster knows of its kind");
    }
    throw error;
}

// What a server that follows the protocol never sends.
[[noreturn]] void misformed(const std::string& what) {
    throw Error(Errc::invalid, "{}: the answer is not one of a Kubernetes API server", what)
        .set_hint("check the server's address in the kubeconfig, and what stands in between");
}

std::string require_text(const Json& value, const std::string& what) {
    if (!value.is_string()) misformed(what);
    return value.get<std::string>();
}

}  // namespace

struct KubeClient::State {
    KubeConfig config;
    std::stop_token stop;
    base::HttpClient http;
    std::mutex mutex;
    std::optional<std::set<std::string>> versions;
    std::map<std::string, std::map<std::string, ApiResource>> kinds;  // by group version, then kind

    State(KubeConfig given, std::stop_token token)
        : config(std::move(given)), stop(std::move(token)), http(http_options(config)) {}

    static base::HttpOptions http_options(const KubeConfig& config) {
        base::HttpOptions options;
        if (!config.ca_pem.empty())
            options.trust = base::TrustStore::only(
                config.ca_pem, "the certificate authority of " + config.description);
        options.client_certificate = config.client_certificate_pem;
        options.client_key = config.client_key_pem;
        options.tls_server_name = config.tls_server_name;
        options.skip_verification = config.insecure_skip_tls_verify;
        return options;
    }

    std::string authorization() const {
        if (!config.token_file.empty()) {
            auto token = base::read_file(config.token_file, kMaxToken);
            constexpr std::string_view kSpace = " \t\r\n";
            token.erase(token.find_last_not_of(kSpace) + 1);
            token.erase(0, token.find_first_not_of(kSpace));
            return "Bearer " + token;
        }
        if (!config.token.empty()) return "Bearer " + config.token;
        if (!config.username.empty())
            return "Basic " + base::base64_encode(config.username + ":" + config.password);
        return {};
    }

    HttpResponse send(HttpRequest request) {
        request.url = config.server + request.url;
        request.authorization = authorization();
        request.body_limit = kMaxAnswer;
        request.timeout = std::chrono::seconds(60);
        try {
            return http.send(request, stop);
        } catch (Error& error) {
            if (error.code() == Errc::network || error.code() == Errc::timeout) {
                error.add_context(
                    fmt::format("the API server {} ({})", config.server, config.description));
                if (error.hint().empty())
                    error.set_hint(
                        "check that it is up, and that the kubeconfig names the right one");
            }
            throw;
        }
    }

    Json ask(std::string_view verb, const std::string& object, const HttpRequest& request,
             const base::RetryPolicy& policy = {}) {
        return base::with_retries(policy, fmt::format("{} {}", verb, object), stop, [&] {
            const auto response = send(request);
            if (!response.ok()) refuse(response, verb, object);
            auto answer = base::parse_json(response.body, object);
            if (!answer.is_object()) misformed(object);
            return answer;
        });
    }

    const std::map<std::string, ApiResource>& kinds_of(const std::string& api_version) {
        const std::lock_guard lock(mutex);
        if (const auto at = kinds.find(api_version); at != kinds.end()) return at->second;
        const auto response = base::with_retries({}, "discovery", stop, [&] {
            auto got = send({.url = api_path(api_version)});
            if (!got.ok() && got.status != 404) refuse(got, "read the kinds of", api_version);
            return got;
        });
        std::map<std::string, ApiResource> found;
        if (!response.ok()) return kinds[api_version] = {};
        const auto json = base::parse_json(response.body, api_version);
        for (const auto& entry : base::require_array(json, "resources", api_version)) {
            const auto name = base::require_string(entry, "name", api_version);
            if (name.find('/') != std::string::npos) continue;  // a subresource
            const auto* namespaced = base::find(entry, "namespaced");
            ApiResource resource{.plural = name,
                                 .namespaced = namespaced != nullptr && *namespaced == true,
                                 .verbs = {}};
            if (const auto* verbs = base::find(entry, "verbs")) {
                for (const auto& verb : *verbs)
                    resource.verbs.insert(require_text(verb, api_version));
            }
            found.emplace(base::require_string(entry, "kind", api_version), std::move(resource));
        }
        return kinds[api_version] = std::move(found);
    }
};

KubeClient::KubeClient(KubeConfig config, std::stop_token stop)
    : state_(std::make_unique<State>(std::move(config), std::move(stop))) {}

KubeClient::~KubeClient() = default;

void KubeClient::set_stop(std::stop_token stop) {
    state_->stop = std::move(stop);
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

ApiResource require_resource(KubeClient& client, const ObjectKey& key) {
    if (auto found = client.find_resource(key.api_version, key.kind)) return *std::move(found);
    throw Error(Errc::not_found, "{}: this cluster has no kind {} in {}", key.text(), key.kind,
                key.api_version)
        .set_hint(
            "its definition (a CustomResourceDefinition) must be there before, or the cluster is "
            "too old or too new");
}

}  // namespace

std::string KubeClient::server_version() {
    return base::require_string(
        state_->ask("read", "the version", {.url = "/version"}, {.attempts = 2}), "gitVersion",
        "/version");
}

std::set<std::string> KubeClient::group_versions() {
    {
        const std::lock_guard lock(state_->mutex);
        if (state_->versions) return *state_->versions;
    }
    std::set<std::string> out;
    const auto core = state_->ask("read", "the core API", {.url = "/api"});
    for (const auto& version : base::require_array(core, "versions", "/api"))
        out.insert(require_text(version, "/api"));
    const auto groups = state_->ask("read", "the API groups", {.url = "/apis"});
    for (const auto& group : base::require_array(groups, "groups", "/apis")) {
        for (const auto& version : base::require_array(group, "versions", "/apis")) {
            out.insert(base::require_string(version, "groupVersion", "/apis"));
        }
    }
    const std::lock_guard lock(state_->mutex);
    state_->versions = out;
    return out;
}

std::optional<ApiResource> KubeClient::find_resource(const std::string& api_version,
                                                     const std::string& kind) {
    const auto& kinds = state_->kinds_of(api_version);
    const auto at = kinds.find(kind);
    if (at == kinds.end()) return std::nullopt;
    return at->second;
}

std::vector<std::pair<std::string, std::string>> KubeClient::namespaced_kinds() {
    std::vector<std::string> preferred{"v1"};
    const auto groups = state_->ask("read", "the API groups", {.url = "/apis"});
    for (const auto& group : base::require_array(groups, "groups", "/apis")) {
        preferred.push_back(base::require_string(
            base::require_object(group, "preferredVersion", "/apis"), "groupVersion", "/apis"));
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& api_version : preferred) {
        for (const auto& [kind, resource] : state_->kinds_of(api_version)) {
            if (resource.namespaced && resource.verbs.contains("list"))
                out.emplace_back(api_version, kind);
        }
    }
    return out;
}

void KubeClient::forget_discovery() {
    const std::lock_guard lock(state_->mutex);
    state_->versions.reset();
    state_->kinds.clear();
}

ObjectKey KubeClient::with_namespace(ObjectKey key, bool crd_expected) {
    const auto resource = find_resource(key.api_version, key.kind);
    if (!resource) {
        if (!crd_expected) require_resource(*this, key);
        return key;
    }
    if (!resource->namespaced) key.namespace_name.clear();
    if (resource->namespaced && key.namespace_name.empty())
        key.namespace_name = state_->config.name_space;
    return key;
}

std::optional<Json> KubeClient::get(const ObjectKey& key) {
    const auto resource = find_resource(key.api_version, key.kind);
    if (!resource) return std::nullopt;
    return base::with_retries(
        {}, "reading " + key.text(), state_->stop, [&]() -> std::optional<Json> {
            const auto response = state_->send({.url = object_path(*resource, key)});
            if (response.status == 404) return std::nullopt;
            if (!response.ok()) refuse(response, "read", key.text());
            auto answer = base::parse_json(response.body, key.text());
            if (!answer.is_object()) misformed(key.text());
            return answer;
        });
}

std::vector<Json> KubeClient::list(const std::string& api_version, const std::string& kind,
                                   const std::string& name_space, const std::string& query) {
    const auto resource = require_resource(
        *this,
        {.api_version = api_version, .kind = kind, .namespace_name = name_space, .name = {}});
    std::vector<Json> out;
    std::string next;
    int pages = 0;
    do {
        auto url = collection(resource, api_version, name_space) + fmt::format("?limit={}", kPage);
        if (!query.empty()) url += "&" + query;
        if (!next.empty()) url += "&continue=" + base::percent_encode(next);
        auto page = state_->ask("list", resource.plural, {.url = url});
        if (++pages > kMaxPages) {
            throw Error(Errc::invalid, "the list of {} has no end: more than {} pages of {}",
                        resource.plural, kMaxPages, kPage);
        }
        for (auto& item : page["items"]) {
            if (!item.is_object()) misformed("list " + resource.plural);
            // A list's items leave out what the list itself says.
            item["apiVersion"] = api_version;
            item["kind"] = kind;
            out.push_back(std::move(item));
        }
        const auto* metadata = base::find(page, "metadata");
        next = metadata == nullptr ? std::string()
                                   : base::get_string(*metadata, "continue", resource.plural);
    } while (!next.empty());
    return out;
}

Json KubeClient::apply(const ObjectKey& key, std::string_view yaml,
                       const std::string& field_manager, bool dry_run) {
    const auto resource = require_resource(*this, key);
    auto url = object_path(resource, key) +
               "?force=true&fieldManager=" + base::percent_encode(field_manager);
    if (dry_run) url += "&dryRun=All";
    return state_->ask("apply", key.text(),
                       {.method = "PATCH",
                        .url = url,
                        .headers = {"Content-Type: application/apply-patch+yaml"},
                        .body = std::string(yaml)},
                       dry_run ? base::RetryPolicy{} : kPatient);
}

Json KubeClient::merge_patch(const ObjectKey& key, const Json& patch,
                             const std::string& subresource) {
    const auto resource = require_resource(*this, key);
    const auto url = object_path(resource, key) + (subresource.empty() ? "" : "/" + subresource) +
                     std::string(kWriter);
    return state_->ask("patch", key.text(),
                       {.method = "PATCH",
                        .url = url,
                        .headers = {"Content-Type: application/merge-patch+json"},
                        .body = patch.dump()});
}

Json KubeClient::create(const ObjectKey& key, const Json& object) {
    const auto resource = require_resource(*this, key);
    return state_->ask(
        "create", key.text(),
        {.method = "POST",
         .url = collection(resource, key.api_version, key.namespace_name) + std::string(kWriter),
         .headers = {"Content-Type: application/json"},
         .body = object.dump()});
}

Json KubeClient::replace(const ObjectKey& key, const Json& object) {
    const auto resource = require_resource(*this, key);
    return state_->ask("replace", key.text(),
                       {.method = "PUT",
                        .url = object_path(resource, key) + std::string(kWriter),
                        .headers = {"Content-Type: application/json"},
                        .body = object.dump()});
}

bool KubeClient::remove(const ObjectKey& key, const std::string& uid, bool foreground) {
    const auto resource = find_resource(key.api_version, key.kind);
    if (!resource) return false;
    Json options{{"kind", "DeleteOptions"},
                 {"apiVersion", "v1"},
                 {"propagationPolicy", foreground ? "Foreground" : "Background"}};
    if (!uid.empty()) options["preconditions"] = {{"uid", uid}};
    return base::with_retries({}, "deleting " + key.text(), state_->stop, [&] {
        const auto response = state_->send({.method = "DELETE",
                                            .url = object_path(*resource, key),
                                            .headers = {"Content-Type: application/json"},
                                            .body = options.dump()});
        if (response.status == 404) return false;
        if (!response.ok()) refuse(response, "delete", key.text());
        return true;
    });
}

bool KubeClient::allowed(const std::string& verb, const std::string& group,
                         const std::string& resource, const std::string& name_space) {
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
        state_->ask("ask about", "our permissions",
                    {.method = "POST",
                     .url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                     .headers = {"Content-Type: application/json"},
                     .body = review.dump()});
    const auto* verdict = base::find_path(answer, {"status", "allowed"});
    return verdict != nullptr && *verdict == true;
}

base::HttpResponse KubeClient::service_proxy(const std::string& name_space,
                                             const std::string& service, int port,
                                             const std::string& path) {
    return state_->send({.url = fmt::format("/api/v1/namespaces/{}/services/https:{}:{}/proxy{}",
                                            base::percent_encode(name_space),
                                            base::percent_encode(service), port, path)});
}

}  // namespace airlock::installer
