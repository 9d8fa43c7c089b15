#include "images/credentials.hpp"

#include "base/base64.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;

constexpr std::size_t kMaxFile = 4 * 1024 * 1024;
constexpr std::string_view kDockerHub = "index.docker.io";

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

std::vector<std::filesystem::path> default_locations() {
    std::vector<std::filesystem::path> out;
    if (const auto file = variable("REGISTRY_AUTH_FILE")) out.emplace_back(*file);
    if (const auto directory = variable("DOCKER_CONFIG"))
        out.push_back(std::filesystem::path(*directory) / "config.json");
    if (const auto home = variable("HOME"))
        out.push_back(std::filesystem::path(*home) / ".docker" / "config.json");
    if (const auto directory = variable("XDG_RUNTIME_DIR"))
        out.push_back(std::filesystem::path(*directory) / "containers" / "auth.json");
    return out;
}

void strip_api_path(std::string_view& key) {
    for (const std::string_view path : {"/v1/", "/v2/", "/v1", "/v2", "/"}) {
        if (key.ends_with(path)) {
            key.remove_suffix(path.size());
            return;
        }
    }
}

// Without scheme, API path and trailing slash: "https://index.docker.io/v1/", "quay.io/team".
std::string normalize(std::string_view key) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (key.starts_with(scheme)) {
            key.remove_prefix(scheme.size());
            strip_api_path(key);
        }
    }
    if (key.starts_with(kDockerHub)) strip_api_path(key);  // some tools omit the scheme
    if (key == kDockerHub) return "docker.io";
    return std::string(key);
}

Credentials credentials_from(const base::Json& entry, const std::string& what) {
    Credentials out{.username = base::get_string(entry, "username", what),
                    .password = base::get_string(entry, "password", what),
                    .identity_token = base::get_string(entry, "identitytoken", what)};
    const auto auth = base::get_string(entry, "auth", what);
    if (!auth.empty()) {
        const auto pair = base::base64_decode(auth, what + ": \"auth\"");
        const auto colon = pair.find(':');
        if (colon == std::string::npos)
            throw Error(Errc::invalid, "{}: \"auth\" is not base64 of user:password", what);
        out.username = pair.substr(0, colon);
        out.password = pair.substr(colon + 1);
    }
    return out;
}

// The JSON parser's message quotes the last token, which may be a password.
base::Json parse_quietly(std::string_view text, const std::string& name) {
    try {
        return base::parse_json(text, name);
    } catch (const Error& error) {
        const std::string_view reason = error.what();
        const auto line = std::min(reason.find(" at line "), reason.size());
        const auto place = reason.substr(line, reason.find(':', line) - line);
        throw Error(Errc::invalid, "{} is not valid JSON{}", name, place);
    }
}

}  // namespace

CredentialStore CredentialStore::load(const std::optional<std::filesystem::path>& file) {
    CredentialStore store;
    std::optional<std::string> text;
    std::string name;
    if (file) {
        name = file->string();
        text = base::read_file(*file, kMaxFile);
    } else {
        for (const auto& path : default_locations()) {
            text = base::read_file_if_present(path, kMaxFile);
            name = path.string();
            if (text) break;
        }
    }
    if (!text) return store;
    const auto json = parse_quietly(*text, name);
    if (const auto* auths = base::find(json, "auths"); auths != nullptr && auths->is_object()) {
        for (const auto& [key, entry] : auths->items()) {
            auto credentials = credentials_from(entry, fmt::format("{}: {}", name, key));
            const bool empty = credentials.username.empty() && credentials.identity_token.empty();
            if (!empty) store.by_key_.insert_or_assign(normalize(key), std::move(credentials));
        }
    }
    return store;
}

void CredentialStore::set(const std::string& registry, Credentials credentials) {
    by_key_.insert_or_assign(normalize(registry), std::move(credentials));
}

std::optional<Credentials> CredentialStore::find(const std::string& registry,
                                                 const std::string& repository) const {
    for (auto key = registry + "/" + repository;;) {
        if (const auto at = by_key_.find(key); at != by_key_.end()) return at->second;
        const auto slash = key.rfind('/');
        if (slash == std::string::npos) return std::nullopt;
        key.resize(slash);
    }
}

}  // namespace airlock::images
