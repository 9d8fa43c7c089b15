#include "kubernetes/discovery.hpp"

namespace airlock::kubernetes {
namespace {

using base::Json;

std::string require_text(const Json& value, const std::string& what) {
    if (!value.is_string()) malformed(what);
    return value.get<std::string>();
}

}  // namespace

std::string api_path(const std::string& api_version) {
    return (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
}

std::set<std::string> Discovery::group_versions() {
    {
        const std::lock_guard lock(mutex_);
        if (versions_) return *versions_;
    }
    std::set<std::string> out;
    const auto core = transport_.ask("read", "the core API", {.url = "/api"});
    for (const auto& version : base::require_array(core, "versions", "/api"))
        out.insert(require_text(version, "/api"));
    const auto groups = transport_.ask("read", "the API groups", {.url = "/apis"});
    for (const auto& group : base::require_array(groups, "groups", "/apis")) {
        for (const auto& version : base::require_array(group, "versions", "/apis")) {
            out.insert(base::require_string(version, "groupVersion", "/apis"));
        }
    }
    const std::lock_guard lock(mutex_);
    versions_ = out;
    return out;
}

std::optional<ApiResource> Discovery::find_resource(const std::string& api_version,
                                                    const std::string& kind) {
    const std::lock_guard lock(mutex_);
    const auto& kinds = kinds_of(api_version);
    const auto at = kinds.find(kind);
    if (at == kinds.end()) return std::nullopt;
    return at->second;
}

std::vector<std::pair<std::string, std::string>> Discovery::namespaced_kinds() {
    std::vector<std::string> preferred{"v1"};
    const auto groups = transport_.ask("read", "the API groups", {.url = "/apis"});
    for (const auto& group : base::require_array(groups, "groups", "/apis")) {
        preferred.push_back(base::require_string(
            base::require_object(group, "preferredVersion", "/apis"), "groupVersion", "/apis"));
    }
    std::vector<std::pair<std::string, std::string>> out;
    const std::lock_guard lock(mutex_);
    for (const auto& api_version : preferred) {
        for (const auto& [kind, resource] : kinds_of(api_version)) {
            if (resource.namespaced && resource.verbs.contains("list") &&
                resource.verbs.contains("delete"))
                out.emplace_back(api_version, kind);
        }
    }
    return out;
}

void Discovery::forget() {
    const std::lock_guard lock(mutex_);
    versions_.reset();
    kinds_.clear();
}

const std::map<std::string, ApiResource>& Discovery::kinds_of(const std::string& api_version) {
    if (const auto at = kinds_.find(api_version); at != kinds_.end()) return at->second;
    const auto response = base::with_retries({}, "discovery", transport_.stop(), [&] {
        auto got = transport_.send({.url = api_path(api_version)});
        if (!got.ok() && got.status != 404) refuse(got, "read the kinds of", api_version);
        return got;
    });
    std::map<std::string, ApiResource> found;
    if (!response.ok()) return kinds_[api_version] = {};
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
    return kinds_[api_version] = std::move(found);
}

}  // namespace airlock::kubernetes
