// Sends requests to a Kubernetes API server over HTTPS: authentication, retries, and errors from
// Status responses. Knows nothing about kinds and objects; Client does. Thread-safe.
#pragma once

#include "base/http.hpp"
#include "base/json.hpp"
#include "base/retry.hpp"
#include "kubernetes/kubeconfig.hpp"

#include <stop_token>
#include <string>
#include <string_view>

namespace airlock::kubernetes {

class Transport {
  public:
    Transport(Kubeconfig config, std::stop_token stop);

    // Not while calls are in progress.
    void set_stop(std::stop_token stop) { stop_ = std::move(stop); }
    const std::stop_token& stop() const { return stop_; }
    const Kubeconfig& config() const { return config_; }

    // `request.url` is the path on the server. Returns responses of any status; Errc::network or
    // timeout, with the URL and the kubeconfig, when there was none. The default timeout is a
    // minute.
    base::HttpResponse send(base::HttpRequest request);
    // Returns the JSON object of a 2xx response, after retries; otherwise throws as refuse() and
    // malformed() do.
    base::Json ask(std::string_view verb, const std::string& object,
                   const base::HttpRequest& request, const base::RetryPolicy& policy = {});

  private:
    std::string authorization() const;

    Kubeconfig config_;
    std::stop_token stop_;
    base::HttpClient http_;
};

// Throws "cannot VERB OBJECT: MESSAGE", with the message of the Status object and a hint.
[[noreturn]] void refuse(const base::HttpResponse& response, std::string_view verb,
                         const std::string& object);
// Throws Errc::invalid for a response that an API server never sends.
[[noreturn]] void malformed(const std::string& what);

}  // namespace airlock::kubernetes
