#include "bundler/sources.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/url.hpp"

namespace airlock::bundler {

using base::Errc;
using base::Error;

Sources::Sources(SourceOptions options, std::stop_token stop)
    : options_(std::move(options)),
      stop_(std::move(stop)),
      mirrors_(options_.mirrors),
      http_(base::HttpOptions{.trust = options_.trust, .hints = options_.hints}) {}

images::RegistryClient& Sources::client(const std::string& host) {
    const std::lock_guard lock(mutex_);
    auto& client = clients_[host];
    if (!client) {
        client = std::make_unique<images::RegistryClient>(
            host,
            images::RegistryOptions{.trust = options_.trust,
                                    .plain_http = options_.plain_http.contains(host),
                                    .credentials = options_.credentials,
                                    .retry = options_.retry,
                                    .hints = options_.hints},
            stop_);
    }
    return *client;
}

std::shared_ptr<images::ImageStore> Sources::store(const manifests::FromSpec& from,
                                                   const std::filesystem::path& directory) {
    using Kind = manifests::FromSpec::Kind;
    const auto path = directory / from.path;
    const auto key = fmt::format("{} {}", to_string(from.kind), path.string());
    // Held while the archive is indexed: other images in the same archive then find it open.
    const std::lock_guard lock(mutex_);
    auto& store = stores_[key];
    if (store) return store;
    try {
        switch (from.kind) {
            case Kind::oci_layout:
                store = images::open_oci_layout(images::open_directory(path));
                break;
            case Kind::oci_archive:
                store = images::open_oci_layout(images::open_archive(path));
                break;
            case Kind::docker_archive:
                store = images::open_docker_archive(images::open_archive(path));
                break;
        }
    } catch (Error& error) {
        if (error.code() == Errc::not_found && error.hint().empty())
            error.set_hint("paths are relative to the directory of bundle.yaml");
        throw;
    }
    return store;
}

std::shared_ptr<ImageOrigin> Sources::origin(const manifests::ImageSpec& image,
                                             const std::filesystem::path& directory) {
    if (image.from) {
        // The provenance has the path as in bundle.yaml: it must not reveal this host's
        // directories.
        return from_store(store(*image.from, directory), image.ref, image.from->name,
                          fmt::format("{} {}", to_string(image.from->kind), image.from->path));
    }
    const auto place = mirrors_.apply(image.ref);
    return from_registry(client(place.registry()), place);
}

std::string Sources::fetch(const std::string& url, std::size_t limit) {
    const auto place = mirrors_.apply_url(url);
    const auto parsed = base::parse_url(place);
    if (parsed.scheme == "http" && !options_.plain_http.contains(parsed.authority())) {
        throw Error(Errc::usage, "{} is plain HTTP", base::redact(place))
            .set_hint(
                fmt::format("add --plain-http {} if the network is trusted", parsed.authority()));
    }
    return base::with_retries(options_.retry, base::redact(place), stop_, [&] {
        const auto response = http_.send({.url = place, .body_limit = limit}, stop_);
        if (!response.ok()) {
            throw base::status_error(
                response, fmt::format("GET {} returned {}", base::redact(place), response.status));
        }
        return response.body;
    });
}

}  // namespace airlock::bundler
