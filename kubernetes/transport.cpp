#include "kubernetes/transport.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <fmt/format.h>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using base::Error;
using base::HttpRequest;
using base::HttpResponse;
using base::Json;

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;
constexpr std::size_t kMaxToken = 64 * 1024;
constexpr std::chrono::seconds kUsualTime{60};

// The message of the Status object in an error response; otherwise the beginning of the body.
std::string status_message(const HttpResponse& response) {
    try {
        const auto message = base::get_string(base::parse_json(response.body, "the answer"),
                                              "message", "the answer");
        if (!message.empty()) return message.substr(0, 2000);
    } catch (const Error&) {  // not JSON, for example from a proxy
    }
    return response.body.substr(0, 300);
}

base::HttpOptions http_options(const Kubeconfig& config) {
    base::HttpOptions options;
    if (!config.ca_pem.empty())
        options.trust = base::TrustStore::only(
            config.ca_pem, "the certificate authority of " + config.description);
    options.client_certificate = config.client_certificate_pem;
    options.client_key = config.client_key_pem;
    options.tls_server_name = config.tls_server_name;
    options.skip_verification = config.insecure_skip_tls_verify;
    options.hints = {.unknown_authority = "check certificate-authority-data in the kubeconfig",
                     .no_tls = "check server in the kubeconfig: https://HOST:PORT"};
    return options;
}

}  // namespace

void refuse(const HttpResponse& response, std::string_view verb, const std::string& object) {
    const auto message = status_message(response);
    auto error = base::status_error(
        response, fmt::format("cannot {} {}: {}{}", verb, object, message.empty() ? "HTTP " : "",
                              message.empty() ? std::to_string(response.status) : message));
    if (response.status == 401) {
        error.set_hint(
            "credentials rejected: check the user in the kubeconfig, and whether its certificate "
            "or token has expired");
    } else if (response.status == 403) {
        error.set_hint(
            "permission denied: use the kubeconfig of a cluster administrator, or grant this user "
            "the permission");
    }
    // Kubernetes 1.20 responds with 500 to a manifest that does not match the schema: not
    // transient.
    if (response.status == 500 && message.find("failed to create typed patch") == 0) {
        error.set_code(Errc::remote);
        error.set_hint("the manifest does not match the schema of its kind in this cluster");
    }
    throw error;
}

void malformed(const std::string& what) {
    throw Error(Errc::invalid, "{}: malformed response, not from a Kubernetes API server", what)
        .set_hint("check server in the kubeconfig, and proxies on the way");
}

Transport::Transport(Kubeconfig config, std::stop_token stop)
    : config_(std::move(config)), stop_(std::move(stop)), http_(http_options(config_)) {}

std::string Transport::authorization() const {
    if (!config_.token_file.empty()) {
        auto token = base::read_file(config_.token_file, kMaxToken);
        constexpr std::string_view kSpace = " \t\r\n";
        token.erase(token.find_last_not_of(kSpace) + 1);
        token.erase(0, token.find_first_not_of(kSpace));
        return "Bearer " + token;
    }
    if (!config_.token.empty()) return "Bearer " + config_.token;
    if (!config_.username.empty())
        return "Basic " + base::base64_encode(config_.username + ":" + config_.password);
    return {};
}

HttpResponse Transport::send(HttpRequest request) {
    request.url = config_.server + request.url;
    request.authorization = authorization();
    request.body_limit = kMaxAnswer;
    if (request.timeout == std::chrono::seconds(0)) request.timeout = kUsualTime;
    try {
        return http_.send(request, stop_);
    } catch (Error& error) {
        if (error.code() == Errc::network || error.code() == Errc::timeout) {
            error.add_context(
                fmt::format("API server {} ({})", config_.server, config_.description));
            if (error.hint().empty())
                error.set_hint(
                    "check that the API server is running, and server in the kubeconfig");
        }
        throw;
    }
}

Json Transport::ask(std::string_view verb, const std::string& object, const HttpRequest& request,
                    const base::RetryPolicy& policy) {
    return base::with_retries(policy, fmt::format("{} {}", verb, object), stop_, [&] {
        const auto response = send(request);
        if (!response.ok()) refuse(response, verb, object);
        auto answer = base::parse_json(response.body, object);
        if (!answer.is_object()) malformed(object);
        return answer;
    });
}

}  // namespace airlock::kubernetes
