#include "images/registry.hpp"

#include "base/counted.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/url.hpp"
#include "images/harbor.hpp"
#include "images/registry_auth.hpp"

#include <algorithm>
#include <mutex>
#include <optional>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;
using base::HttpRequest;
using base::HttpResponse;

constexpr std::string_view kAccept =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::string api_host(const std::string& host) {
    return host == "docker.io" ? "registry-1.docker.io" : host;
}

std::string in_one_line(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return text;
}

// The registry's error message, {"errors":[{"code":…,"message":…,"detail":…}]}, or else the
// beginning of the body; always a single line.
std::string reason_of(const HttpResponse& response) {
    try {
        const auto json = base::parse_json(response.body, "the response");
        std::string text;
        for (const auto& error : base::require_array(json, "errors", "the response")) {
            if (!text.empty()) text += "; ";
            text += base::get_string(error, "code", "the response");
            const auto message = base::get_string(error, "message", "the response");
            if (!message.empty()) text += ": " + message;
        }
        if (!text.empty()) return in_one_line(text.substr(0, 500));
    } catch (const Error&) {  // not JSON: from a proxy in between
    }
    return in_one_line(response.body.substr(0, 200));
}

class CountingSource final : public base::RewindableSource {
  public:
    CountingSource(base::RewindableSource& from, const std::function<void(std::uint64_t)>& progress)
        : from_(from), progress_(progress) {}
    std::size_t read(std::span<std::byte> buffer) override {
        const auto count = from_.read(buffer);
        position_ += count;
        if (progress_ && position_ > reported_) progress_(position_ - reported_);
        reported_ = std::max(reported_, position_);
        return count;
    }
    std::uint64_t size() const override { return from_.size(); }
    void rewind(std::uint64_t offset) override {
        from_.rewind(offset);
        position_ = offset;
    }

  private:
    base::RewindableSource& from_;
    std::uint64_t position_ = 0;
    std::uint64_t reported_ = 0;  // bytes that are sent again are not progress
    const std::function<void(std::uint64_t)>& progress_;
};

}  // namespace

struct RegistryClient::State {
    std::string host;
    std::string base_url;
    RegistryOptions options;
    std::stop_token stop;
    base::HttpClient http;
    RegistryAuth auth;
    std::mutex harbor_mutex;
    std::optional<bool> harbor;  // whether the registry is one; asked when it matters

    State(std::string name, RegistryOptions given, std::stop_token token)
        : host(std::move(name)),
          base_url((given.plain_http ? "http://" : "https://") + api_host(host)),
          options(std::move(given)),
          stop(std::move(token)),
          http(base::HttpOptions{.trust = options.trust,
                                 .stall_timeout = options.stall_timeout,
                                 .hints = options.hints}),
          auth(host, options.credentials, options.plain_http) {}

    std::string url(const std::string& repository, std::string_view rest) const {
        return fmt::format("{}/v2/{}/{}", base_url, repository, rest);
    }

    // Sends a request, authenticating in the way that the registry requires.
    HttpResponse call(const std::string& repository, std::string_view actions, HttpRequest request,
                      const std::string& mount_from = {}) {
        auto scope = repository.empty() ? std::string()
                                        : fmt::format("repository:{}:{}", repository, actions);
        if (!mount_from.empty()) scope += fmt::format(" repository:{}:pull", mount_from);
        request.authorization = auth.authorization(repository, scope);
        auto response = http.send(request, stop);
        if (response.status != 401) return response;
        const auto* header = response.header("www-authenticate");
        const auto challenge = header == nullptr ? std::nullopt : Challenge::parse(*header);
        if (!challenge) return response;
        const auto better = auth.answer(*challenge, repository, scope, http, stop);
        if (!better || *better == request.authorization) return response;
        request.authorization = *better;
        return http.send(request, stop);
    }

    // The same for the location of an upload.
    HttpResponse call_upload(const std::string& repository, HttpRequest request);
    void forget_upload(const std::string& repository, const HttpResponse& opened,
                       const std::string& requested);
    bool is_harbor();
    HttpResponse delete_in_harbor(const std::string& repository, const std::string& tag);

    template <typename Task>
    decltype(auto) retried(const std::string& what, Task&& task) {
        try {
            return base::with_retries(options.retry, what, stop, std::forward<Task>(task));
        } catch (Error& error) {
            // These errors contain only the URL, and that of an upload does not name the blob.
            if (error.code() == Errc::network || error.code() == Errc::timeout)
                error.add_context(what);
            throw;
        }
    }

    [[noreturn]] void refuse(const HttpResponse& response, std::string_view verb,
                             const std::string& repository, std::string_view object) const {
        const auto reason = reason_of(response);
        auto error = base::status_error(
            response,
            fmt::format("{}/{}: cannot {} {}: the registry returned {}{}{}", host, repository, verb,
                        object, response.status, reason.empty() ? "" : ": ", reason));
        if (response.status == 401 || response.status == 403) {
            const bool known = auth.has_credentials(repository);
            error.set_hint(
                known && repository.empty() ? "check the user name and password"
                : known
                    ? fmt::format(
                          "check the password, and that the user is allowed to {} in {}/{}; in Harbor, the project must exist and the robot account must be a member",
                          verb, host, repository)
                    : fmt::format("no credentials for {} were given: {}", host,
                                  options.credentials.hint()));
        } else if (response.status == 400 && options.plain_http &&
                   reason.find("HTTPS") != std::string::npos) {
            error.set_hint("this port may use TLS: omit http://");
        } else if (response.status == 413) {
            error.set_hint(
                "a proxy in front of the registry limits the request size (nginx: client_max_body_size 0)");
        }
        throw error;
    }
};

RegistryClient::RegistryClient(std::string host, RegistryOptions options, std::stop_token stop)
    : state_(std::make_unique<State>(std::move(host), std::move(options), std::move(stop))) {}

RegistryClient::~RegistryClient() = default;

void RegistryClient::set_stop(std::stop_token stop) {
    state_->stop = std::move(stop);
}

const std::string& RegistryClient::host() const {
    return state_->host;
}

void RegistryClient::ping() {
    auto& state = *state_;
    const auto response = state.retried(state.host, [&] {
        auto got = state.call({}, {}, {.url = state.base_url + "/v2/"});
        if (got.status >= 500 || got.status == 429)
            throw base::status_error(got, fmt::format("{} returned {}", state.host, got.status));
        return got;
    });
    if (response.status == 404) {
        throw Error(Errc::remote, "{} is not a container registry: /v2/ returned 404", state.host)
            .set_hint("write HOST[:PORT][/PREFIX]; a registry below a URL path is not supported");
    }
    if (!response.ok()) state.refuse(response, "log in to", {}, "it");
}

Manifest RegistryClient::get_manifest(const std::string& repository,
                                      const std::string& identifier) {
    auto& state = *state_;
    const auto what = fmt::format("{}/{} {}", state.host, repository, identifier);
    return state.retried(what, [&] {
        const auto response = state.call(repository, "pull",
                                         {.url = state.url(repository, "manifests/" + identifier),
                                          .headers = {std::string(kAccept)},
                                          .body_limit = kMaxManifest});
        if (!response.ok()) state.refuse(response, "pull", repository, identifier);
        const auto* type = response.header("content-type");
        auto manifest = Manifest::parse(response.body, type == nullptr ? "" : *type, what);
        if (identifier.find(':') != std::string::npos) {
            const auto wanted = base::Digest::parse(identifier);
            base::Hasher hasher(wanted.algorithm());
            hasher.update(base::as_bytes(manifest.raw));
            if (const auto seen = hasher.finish(); seen != wanted) {
                throw Error(Errc::integrity,
                            "{}: digest mismatch: the registry sent content with digest {}", what,
                            seen.text());
            }
        }
        return manifest;
    });
}

std::optional<Descriptor> RegistryClient::head_manifest(const std::string& repository,
                                                        const std::string& identifier) {
    auto& state = *state_;
    const auto what = fmt::format("{}/{} {}", state.host, repository, identifier);
    return state.retried(what, [&]() -> std::optional<Descriptor> {
        const auto response = state.call(repository, "pull",
                                         {.method = "HEAD",
                                          .url = state.url(repository, "manifests/" + identifier),
                                          .headers = {std::string(kAccept)}});
        if (response.status == 404) return std::nullopt;
        if (!response.ok()) state.refuse(response, "look for", repository, identifier);
        const auto* type = response.header("content-type");
        const auto* digest = response.header("docker-content-digest");
        // The header is optional in the specification: fall back to the body.
        if (digest == nullptr) return get_manifest(repository, identifier).descriptor;
        const auto said = base::with_context(what, [&] { return base::Digest::parse(*digest); });
        if (identifier.find(':') != std::string::npos && said.text() != identifier) {
            throw Error(Errc::integrity, "{}: digest mismatch: the registry returned {}", what,
                        said.text());
        }
        const auto* length = response.header("content-length");
        return Descriptor{
            .media_type = type == nullptr ? "" : *type,
            .digest = said,
            .size = length == nullptr ? 0 : std::strtoull(length->c_str(), nullptr, 10)};
    });
}

void RegistryClient::put_manifest(const std::string& repository, const std::string& identifier,
                                  const std::string& raw, const std::string& media_type) {
    auto& state = *state_;
    state.retried(fmt::format("{}/{} {}", state.host, repository, identifier), [&] {
        const auto response = state.call(repository, "pull,push",
                                         {.method = "PUT",
                                          .url = state.url(repository, "manifests/" + identifier),
                                          .headers = {"Content-Type: " + media_type},
                                          .body = raw});
        if (!response.ok()) state.refuse(response, "push the manifest", repository, identifier);
    });
}

void RegistryClient::delete_manifest(const std::string& repository, const base::Digest& digest) {
    auto& state = *state_;
    state.retried(fmt::format("{}/{} {}", state.host, repository, digest.short_hex()), [&] {
        const auto response = state.call(
            repository, "pull,push,delete",
            {.method = "DELETE", .url = state.url(repository, "manifests/" + digest.text())});
        if (response.status == 405) {
            throw Error(Errc::unsupported, "{}/{}: this registry does not support deletion",
                        state.host, repository)
                .set_hint(
                    "for Distribution, set storage.delete.enabled: true in its configuration");
        }
        if (!response.ok() && response.status != 404)
            state.refuse(response, "delete", repository, digest.text());
    });
}

Manifest tombstone_manifest(const std::string& repository, const std::string& tag) {
    const std::string empty = "{}";
    const Descriptor config{.media_type = std::string(media_type::kOciConfig),
                            .digest = base::sha256(empty),
                            .size = empty.size()};
    const base::Json json{{"schemaVersion", 2},
                          {"mediaType", media_type::kOciManifest},
                          {"config", config.to_json()},
                          {"layers", base::Json::array()},
                          {"annotations", {{"dev.airlock.removed-tag", repository + ":" + tag}}}};
    return Manifest::parse(base::dump_json(json), media_type::kOciManifest,
                           "the tombstone manifest");
}

bool RegistryClient::State::is_harbor() {
    const std::lock_guard lock(harbor_mutex);
    if (harbor) return *harbor;
    const auto answer =
        retried(host, [&] { return http.send(harbor::ping_request(base_url), stop); });
    // A proxy that routes /v2/ alone may answer with an error; a Harbor may do so for a moment.
    if (answer.status >= 500 || answer.status == 429) return false;
    harbor = harbor::is_harbor(answer);
    return *harbor;
}

// Does nothing if the tag is absent.
HttpResponse RegistryClient::State::delete_in_harbor(const std::string& repository,
                                                     const std::string& tag) {
    return retried(fmt::format("{}/{}:{}", host, repository, tag), [&] {
        auto request = harbor::remove_tag_request(base_url, repository, tag);
        request.authorization = auth.basic_authorization(repository);
        const auto response = http.send(request, stop);
        if (harbor::tag_removal(response.status) == harbor::TagRemoval::failed)
            refuse(response, "remove", repository, "the tag " + tag);
        return response;
    });
}

void RegistryClient::delete_tag(const std::string& repository, const std::string& tag) {
    auto& state = *state_;
    if (!head_manifest(repository, tag)) return;
    if (state.is_harbor()) {
        const auto response = state.delete_in_harbor(repository, tag);
        if (harbor::tag_removal(response.status) != harbor::TagRemoval::refused) return;
        const auto refusal = harbor::refusal_for(response.status);
        throw Error(Errc::unsupported, "{}/{}:{}: {}", state.host, repository, tag, refusal.reason)
            .set_hint(std::string(refusal.hint));
    }
    // Checked first: without permission to delete, the tag stays unchanged.
    if (!can_delete(repository)) {
        throw Error(Errc::unsupported,
                    "{}/{}: this registry does not support deletion, or the user has no permission",
                    state.host, repository)
            .set_hint("for Distribution, set storage.delete.enabled: true in its configuration");
    }
    const auto tombstone = tombstone_manifest(repository, tag);
    const std::string empty = "{}";
    base::StringSource bytes(empty);
    push_blob(repository, *tombstone.config, bytes);
    put_manifest(repository, tag, tombstone.raw, tombstone.descriptor.media_type);
    delete_manifest(repository, tombstone.descriptor.digest);
}

bool RegistryClient::can_delete(const std::string& repository) {
    auto& state = *state_;
    // Asked about what does not exist, a server that deletes answers 404.
    if (state.is_harbor()) {
        const auto answer =
            state.delete_in_harbor(repository, "airlock-asks-whether-tags-can-be-deleted");
        return harbor::tag_removal(answer.status) != harbor::TagRemoval::refused;
    }
    const auto nothing = base::sha256("airlock asks whether this registry deletes");
    return state.retried(fmt::format("{}/{}", state.host, repository), [&] {
        const auto response = state.call(
            repository, "pull,push,delete",
            {.method = "DELETE", .url = state.url(repository, "manifests/" + nothing.text())});
        if (response.status >= 500 || response.status == 429)
            state.refuse(response, "check whether it is possible to delete", repository,
                         "a manifest");
        return response.status == 404 || response.ok();
    });
}

bool RegistryClient::has_blob(const std::string& repository, const base::Digest& digest) {
    auto& state = *state_;
    return state.retried(fmt::format("{}/{} {}", state.host, repository, digest.short_hex()), [&] {
        const auto response =
            state.call(repository, "pull",
                       {.method = "HEAD", .url = state.url(repository, "blobs/" + digest.text())});
        if (response.status == 404) return false;
        if (!response.ok()) state.refuse(response, "look for", repository, digest.text());
        return true;
    });
}

bool RegistryClient::get_blob(const std::string& repository, const Descriptor& blob,
                              std::uint64_t offset, base::Sink& to) {
    auto& state = *state_;
    HttpRequest request{.url = state.url(repository, "blobs/" + blob.digest.text())};
    if (offset > 0) {
        // Check first: a registry without ranges would send the content from the beginning to a
        // sink that continues at the offset.
        request.method = "HEAD";
        const auto head = state.call(repository, "pull", request);
        const auto* ranges = head.header("accept-ranges");
        if (!head.ok() || ranges == nullptr || *ranges != "bytes") return false;
        request.method = "GET";
        request.headers.push_back(fmt::format("Range: bytes={}-", offset));
    }
    request.body_sink = &to;
    request.body_sink_status = offset > 0 ? 206 : 200;
    const auto response = state.call(repository, "pull", request);
    if (!response.ok()) state.refuse(response, "pull", repository, blob.digest.text());
    // It announced ranges, but sent everything: another server of the same name.
    if (offset > 0 && response.status != 206) return false;
    if (response.status != request.body_sink_status) {
        throw Error(Errc::remote, "{}/{}: the registry returned {} for {}", state.host, repository,
                    response.status, blob.digest.text());
    }
    return true;
}

std::string RegistryClient::get_blob_text(const std::string& repository, const Descriptor& blob,
                                          std::size_t limit) {
    return state_->retried(
        fmt::format("{}/{} {}", state_->host, repository, blob.digest.short_hex()), [&] {
            base::StringSink text(limit, blob.digest.text());
            base::VerifyingSink verified(text, blob.size, blob.digest, blob.digest.text());
            get_blob(repository, blob, 0, verified);
            verified.finish();
            return text.take();
        });
}

namespace {

std::string upload_location(const HttpResponse& response, const std::string& requested) {
    const auto* location = response.header("location");
    if (location == nullptr)
        throw Error(Errc::remote, "{}: the registry opened an upload without a Location header",
                    base::redact(requested));
    auto url = base::resolve_url(requested, *location);
    const auto from = base::parse_url(requested);
    const auto to = base::parse_url(url);
    if (from.scheme == "https" && to.scheme != "https") {
        throw Error(Errc::denied, "{}: the registry redirects the upload to {}, which is not HTTPS",
                    base::redact(requested), base::redact(url))
            .set_hint(
                "configure the proxy in front of the registry to set X-Forwarded-Proto: https, or set http.host (Distribution) or external_url (Harbor) to https://…");
    }
    return url;
}

}  // namespace

// The credentials are for the registry only: the URL of a storage service that it redirects to
// contains its own.
HttpResponse RegistryClient::State::call_upload(const std::string& repository,
                                                HttpRequest request) {
    if (base::parse_url(request.url).origin() != base::parse_url(base_url).origin())
        return http.send(request, stop);
    return call(repository, "pull,push", std::move(request));
}

// Best effort: the registry drops it after a while anyway.
void RegistryClient::State::forget_upload(const std::string& repository, const HttpResponse& opened,
                                          const std::string& requested) {
    try {
        call_upload(repository, {.method = "DELETE", .url = upload_location(opened, requested)});
    } catch (const Error& error) {
        if (error.code() == Errc::cancelled) throw;
        base::log_debug("{}", error.what());
    }
}

void RegistryClient::push_blob(const std::string& repository, const Descriptor& blob,
                               base::RewindableSource& from,
                               const std::function<void(std::uint64_t)>& progress) {
    auto& state = *state_;
    const auto uploads = state.url(repository, "blobs/uploads/");
    CountingSource counted(from, progress);
    state.retried(fmt::format("{}/{} {}", state.host, repository, blob.digest.short_hex()), [&] {
        const auto opened = state.call(repository, "pull,push", {.method = "POST", .url = uploads});
        if (opened.status != 202) state.refuse(opened, "push to", repository, blob.digest.text());
        const auto response =
            state.call_upload(repository, {.method = "PUT",
                                           .url = base::with_query(upload_location(opened, uploads),
                                                                   "digest", blob.digest.text()),
                                           .headers = {"Content-Type: application/octet-stream"},
                                           .body_source = &counted});
        // The registry was restarted, or another replica has the upload: start again.
        if (response.status == 404) {
            throw Error(Errc::unavailable, "{}/{}: the registry lost the upload of {}", state.host,
                        repository, blob.digest.text());
        }
        if (response.status != 201) state.refuse(response, "push", repository, blob.digest.text());
    });
}

MountResult RegistryClient::mount_blob(const std::string& repository, const base::Digest& digest,
                                       const std::string& from) {
    auto& state = *state_;
    auto url = state.url(repository, "blobs/uploads/");
    url = base::with_query(base::with_query(url, "mount", digest.text()), "from", from);
    return state.retried(fmt::format("{}/{} {}", state.host, repository, digest.short_hex()), [&] {
        const auto response =
            state.call(repository, "pull,push", {.method = "POST", .url = url}, from);
        if (response.status == 201) return MountResult::mounted;
        // 202: an upload was opened instead. 401: Harbor, when the token does not cover the other
        // project.
        if (response.status == 202) {
            state.forget_upload(repository, response, url);
            return MountResult::upload_needed;
        }
        if (response.status == 401 || response.status == 403 || response.status == 404)
            return MountResult::upload_needed;
        state.refuse(response, "mount", repository, digest.text());
    });
}

}  // namespace airlock::images
