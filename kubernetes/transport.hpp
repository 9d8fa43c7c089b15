// One conversation with a Kubernetes API server over HTTPS: who we are, trying again, and what a
// refusal means. Knows nothing of kinds and objects; Client does. Any thread may call.
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

    // Not while calls are under way.
    void set_stop(std::stop_token stop) { stop_ = std::move(stop); }
    const std::stop_token& stop() const { return stop_; }
    const Kubeconfig& config() const { return config_; }

    // `request.url` is the path on the server. Any answer is returned; Errc::network or timeout,
    // with the server's URL and the kubeconfig's name, when there was none. A minute, unless the
    // request says otherwise.
    base::HttpResponse send(base::HttpRequest request);
    // Sends until an answer is 2xx and a JSON object; otherwise as refuse() and misformed() say.
    base::Json ask(std::string_view verb, const std::string& object,
                   const base::HttpRequest& request, const base::RetryPolicy& policy = {});

  private:
    std::string authorization() const;

    Kubeconfig config_;
    std::stop_token stop_;
    base::HttpClient http_;
};

// Throws what the server's Status object says: "cannot VERB OBJECT: MESSAGE", with what to do.
[[noreturn]] void refuse(const base::HttpResponse& response, std::string_view verb,
                         const std::string& object);
// Throws Errc::invalid: what a server that follows the protocol never sends.
[[noreturn]] void misformed(const std::string& what);

}  // namespace airlock::kubernetes
