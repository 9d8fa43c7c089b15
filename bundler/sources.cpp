#include "bundler/sources.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "base/url.hpp"

namespace airlock::bundler {

using base::Errc;
using base::Error;

Sources::Sources(SourceOptions options, std::stop_token stop)
    : options_(std::move(options)),
      stop_(std::move(stop)),
      mirrors_(options_.mirrors),
      http_(base::HttpOptions{.trust = options_.trust}) {}

std::pair<images::RegistryClient&, images::Reference> Sources::locate(
    const images::Reference& reference) {
    const auto place = mirrors_.apply(reference);
    const std::lock_guard lock(mutex_);
    auto& client = clients_[place.registry()];
    if (!client) {
        client = std::make_unique<images::RegistryClient>(
            place.registry(),
            images::RegistryOptions{.trust = options_.trust,
                                    .plain_http = options_.plain_http.contains(place.registry()),
                                    .credentials = options_.credentials,
                                    .retry = {}},
            stop_);
    }
    return {*client, place};
}

std::string Sources::fetch(const std::string& url, std::size_t limit) {
    const auto place = mirrors_.apply_url(url);
    const auto parsed = base::parse_url(place);
    if (parsed.scheme == "http" && !options_.plain_http.contains(parsed.authority())) {
        throw Error(Errc::usage, "{} is plain HTTP", base::redact(place))
            .set_hint(fmt::format("add --plain-http {} if that network is to be trusted",
                                  parsed.authority()));
    }
    return base::with_retries({}, base::redact(place), stop_, [&] {
        const auto response = http_.send({.url = place, .body_limit = limit}, stop_);
        if (!response.ok()) {
            throw base::status_error(
                response, fmt::format("GET {} answered {}", base::redact(place), response.status));
        }
        return response.body;
    });
}

}  // namespace airlock::bundler
