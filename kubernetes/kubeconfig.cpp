#include "kubernetes/kubeconfig.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/yaml.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using base::Error;

constexpr std::size_t kMaxFile = 4 * 1024 * 1024;
const std::filesystem::path kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

// Editors end a file with a newline, which is invalid in an HTTP header.
std::string trimmed(std::string text) {
    constexpr std::string_view kSpace = " \t\r\n";
    text.erase(text.find_last_not_of(kSpace) + 1);
    text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
    return text;
}

// The entry `name` of a list of {name: …, KIND: {…}}.
const base::YamlNode* named(const base::YamlNode& root, std::string_view list,
                            std::string_view name, std::string_view kind) {
    const auto* entries = root.find(list);
    if (entries == nullptr) return nullptr;
    for (const auto* entry : entries->items) {
        if (entry->text_at({"name"}) == name) return entry->find(kind);
    }
    return nullptr;
}

class Reader {
  public:
    explicit Reader(std::filesystem::path file)
        : file_(std::move(file)),
          tree_(base::YamlTree::parse(base::read_file(file_, kMaxFile), file_.string())) {}

    Kubeconfig read(const std::string& context) const {
        const auto& root = tree_.root();
        const auto name = context.empty() ? root.text_at({"current-context"}) : context;
        const auto* chosen = named(root, "contexts", name, "context");
        if (chosen == nullptr) refuse_context(name);
        Kubeconfig out;
        out.description = fmt::format("context {} of {}", name, file_.string());
        if (auto name_space = chosen->text_at({"namespace"}); !name_space.empty())
            out.name_space = std::move(name_space);
        const auto cluster_name = chosen->text_at({"cluster"});
        const auto* cluster = named(root, "clusters", cluster_name, "cluster");
        if (cluster == nullptr)
            throw Error(Errc::invalid, "{}: cluster \"{}\" does not exist", file_.string(),
                        cluster_name)
                .set_hint(
                    "correct the context in the kubeconfig, or choose another one with --context");
        read_cluster(*cluster, out);
        const auto user_name = chosen->text_at({"user"});
        const auto* user = named(root, "users", user_name, "user");
        // Without the user, requests would be anonymous and fail with a misleading "forbidden".
        if (user == nullptr && !user_name.empty())
            throw Error(Errc::invalid, "{}: user \"{}\" does not exist", file_.string(), user_name)
                .set_hint(
                    "correct the context in the kubeconfig, or choose another one with --context");
        if (user != nullptr) read_user(*user, user_name, out);
        return out;
    }

  private:
    [[noreturn]] void refuse_context(const std::string& name) const {
        std::vector<std::string> known;
        if (const auto* contexts = tree_.root().find("contexts")) {
            for (const auto* entry : contexts->items)
                known.push_back(entry->text_at({"name"}));
        }
        if (known.empty()) {
            throw Error(Errc::invalid, "{} is not a valid kubeconfig: it has no contexts",
                        file_.string())
                .set_hint("choose another file with --kubeconfig");
        }
        throw Error(Errc::usage, "{}: {}; available contexts: {}", file_.string(),
                    name.empty() ? "current-context is not set"
                                 : fmt::format("context \"{}\" does not exist", name),
                    fmt::join(known, ", "))
            .set_hint("choose one with --context");
    }

    // KEY-data is base64, KEY is a path relative to the file.
    std::string data_or_file(const base::YamlNode& map, const std::string& key,
                             const std::string& data_key) const {
        if (const auto data = map.text_at({data_key}); !data.empty())
            return base::base64_decode(data, file_.string() + ": " + data_key);
        if (const auto path = map.text_at({key}); !path.empty())
            return base::read_file(file_.parent_path() / path, kMaxFile);
        return {};
    }

    void read_cluster(const base::YamlNode& cluster, Kubeconfig& out) const {
        out.server = cluster.text_at({"server"});
        while (out.server.ends_with('/'))
            out.server.pop_back();
        if (!out.server.starts_with("https://") && !out.server.starts_with("http://")) {
            throw Error(Errc::invalid, "{}: server \"{}\" is not a valid URL", file_.string(),
                        out.server)
                .set_hint("use server: https://HOST:6443");
        }
        if (!cluster.text_at({"proxy-url"}).empty()) {
            throw Error(Errc::unsupported, "{}: proxy-url is not supported", file_.string())
                .set_hint("set HTTPS_PROXY in the environment");
        }
        out.ca_pem = data_or_file(cluster, "certificate-authority", "certificate-authority-data");
        out.tls_server_name = cluster.text_at({"tls-server-name"});
        out.insecure_skip_tls_verify = cluster.text_at({"insecure-skip-tls-verify"}) == "true";
    }

    void read_user(const base::YamlNode& user, const std::string& name, Kubeconfig& out) const {
        for (const auto* plugin : {"exec", "auth-provider"}) {
            if (user.find(plugin) == nullptr) continue;
            throw Error(Errc::unsupported,
                        "{}: user {} has a credential plugin ({}), which is not supported",
                        file_.string(), name, plugin)
                .set_hint(
                    "use a kubeconfig with a client certificate, or with the token of a service "
                    "account: kubectl create serviceaccount NAME");
        }
        // Ignoring impersonation would use more permissions than the file grants.
        for (const auto* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
            if (user.find(key) == nullptr) continue;
            throw Error(Errc::unsupported,
                        "{}: user {} uses impersonation ({}), which is not supported",
                        file_.string(), name, key)
                .set_hint("use a kubeconfig without impersonation");
        }
        out.client_certificate_pem =
            data_or_file(user, "client-certificate", "client-certificate-data");
        out.client_key_pem = data_or_file(user, "client-key", "client-key-data");
        if (out.client_certificate_pem.empty() != out.client_key_pem.empty()) {
            throw Error(Errc::invalid,
                        "{}: user {} has a client certificate without its key, or a "
                        "key without its certificate",
                        file_.string(), name)
                .set_hint("set both client-certificate and client-key, or both -data fields");
        }
        out.token = trimmed(user.text_at({"token"}));
        if (const auto path = user.text_at({"tokenFile"}); !path.empty())
            out.token_file = (file_.parent_path() / path).string();
        out.username = user.text_at({"username"});
        out.password = user.text_at({"password"});
    }

    std::filesystem::path file_;
    base::YamlTree tree_;
};

Kubeconfig in_cluster() {
    Kubeconfig out;
    const auto host = variable("KUBERNETES_SERVICE_HOST");
    const bool address6 = host.find(':') != std::string::npos;
    out.server = fmt::format("https://{}{}{}:{}", address6 ? "[" : "", host, address6 ? "]" : "",
                             variable("KUBERNETES_SERVICE_PORT"));
    out.ca_pem = base::read_file(kServiceAccount / "ca.crt", kMaxFile);
    out.token_file = (kServiceAccount / "token").string();
    out.name_space = trimmed(base::read_file(kServiceAccount / "namespace", kMaxFile));
    out.description = "service account of this pod";
    return out;
}

std::vector<std::filesystem::path> default_paths() {
    std::vector<std::filesystem::path> out;
    const auto list = variable("KUBECONFIG");
    for (std::size_t from = 0; from < list.size();) {
        const auto end = std::min(list.find(':', from), list.size());
        if (end > from) out.emplace_back(list.substr(from, end - from));
        from = end + 1;
    }
    if (out.empty()) {
        if (const auto home = variable("HOME"); !home.empty())
            out.push_back(std::filesystem::path(home) / ".kube" / "config");
    }
    return out;
}

}  // namespace

Kubeconfig Kubeconfig::load(const std::optional<std::filesystem::path>& file,
                            const std::string& context) {
    if (file) return Reader(std::filesystem::absolute(*file)).read(context);
    for (const auto& place : default_paths()) {
        if (std::filesystem::exists(place))
            return Reader(std::filesystem::absolute(place)).read(context);
    }
    if (const auto named = variable("KUBECONFIG"); !named.empty()) {
        throw Error(Errc::not_found, "KUBECONFIG: {} does not exist", named)
            .set_hint("correct or unset KUBECONFIG, or use --kubeconfig FILE");
    }
    if (!variable("KUBERNETES_SERVICE_HOST").empty()) return in_cluster();
    throw Error(Errc::usage, "no kubeconfig found, and not running in a pod")
        .set_hint("use --kubeconfig FILE, or set KUBECONFIG");
}

}  // namespace airlock::kubernetes
