#include "installer/plan/pull_secret.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "installer/plan/workload.hpp"

#include <algorithm>
#include <set>

namespace airlock::installer {
namespace {

using base::Json;

PlannedObject planned(std::string kind, const std::string& name_space, std::string name,
                      const Json& object) {
    return {.key = {.api_version = "v1",
                    .kind = std::move(kind),
                    .namespace_name = name_space,
                    .name = std::move(name)},
            .text = base::dump_json(object),
            .field_manager = std::string(kubernetes::kPullSecretManager)};
}

PlannedObject secret(const std::string& name_space, const std::string& docker_config) {
    return planned("Secret", name_space, std::string(kPullSecretName),
                   {{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", {{"name", kPullSecretName}, {"namespace", name_space}}},
                    {"type", "kubernetes.io/dockerconfigjson"},
                    {"data", {{".dockerconfigjson", base::base64_encode(docker_config)}}}});
}

Json with_our_secret(const std::optional<Json>& live_account) {
    auto names = Json::array();
    if (live_account) {
        const auto* existing = base::find(*live_account, "imagePullSecrets");
        if (existing != nullptr && existing->is_array()) names = *existing;
    }
    const Json ours{{"name", kPullSecretName}};
    if (std::ranges::find(names, ours) == names.end()) names.push_back(ours);
    return names;
}

}  // namespace

std::vector<PlannedObject> plan_pull_secrets(kubernetes::Client& client,
                                             const std::vector<manifests::Document>& documents,
                                             const std::string& registry,
                                             const images::Credentials& credentials) {
    const auto auth = base::base64_encode(credentials.username + ":" + credentials.password);
    const auto docker_config = base::dump_json({{"auths", {{registry, {{"auth", auth}}}}}});
    std::vector<PlannedObject> out;
    std::set<std::string> namespaces;
    for (const auto& [name_space, account] : service_accounts(documents)) {
        if (namespaces.insert(name_space).second) out.push_back(secret(name_space, docker_config));
        auto object = planned("ServiceAccount", name_space, account,
                              {{"apiVersion", "v1"},
                               {"kind", "ServiceAccount"},
                               {"metadata", {{"name", account}, {"namespace", name_space}}}});
        const auto names = with_our_secret(client.get(object.key));
        auto json = base::parse_json(object.text, "a service account");
        json["imagePullSecrets"] = names;
        object.text = base::dump_json(json);
        out.push_back(std::move(object));
    }
    return out;
}

}  // namespace airlock::installer
