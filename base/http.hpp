// HTTP and HTTPS requests, by libcurl: connections are kept and shared by all threads that use one
// client. It never follows a redirect to plain HTTP from HTTPS, never sends an Authorization header
// to another host, and never skips the verification of a certificate unless its options say so.
#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/trust_store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace airlock::base {

// What an operator can do about a server that TLS does not reach; the options to name are the
// caller's. Each may be empty.
struct TlsHints {
    std::string unknown_authority = {};
    std::string no_tls = {};  // the server does not speak TLS on this port
};

struct HttpOptions {
    std::shared_ptr<const TrustStore> trust =
        {};  // none: the host's authorities, loaded at the first request
    std::string client_certificate = {};  // PEM
    std::string client_key = {};          // PEM
    std::string tls_server_name = {};     // verify this name instead of the URL's host
    bool skip_verification = false;       // only for a kubeconfig that says so
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds stall_timeout{60};  // no byte either way for so long: Errc::timeout
    std::string user_agent = "airlock";
    TlsHints hints = {};
};

struct HttpRequest {
    std::string method = "GET";
    std::string url = {};
    std::vector<std::string> headers = {};  // "Accept: application/json"
    std::string authorization =
        {};                 // the value of the Authorization header; not passed on to another host
    std::string body = {};  // sent as it is, unless body_source is there
    RewindableSource* body_source = nullptr;
    // A 2xx body goes here instead of into HttpResponse::body. Called on the requesting thread.
    Sink* body_sink = nullptr;
    // When not 0: only an answer of this status; the body of another 2xx is not read at all.
    long body_sink_status = 0;
    std::size_t body_limit = 4 * 1024 * 1024;  // of HttpResponse::body; more is Errc::invalid
    std::chrono::seconds timeout{0};           // of the whole request; 0 for none
    bool follow_redirects = true;              // GET and HEAD only
};

struct HttpResponse {
    long status = 0;
    // Names in lower case; the last answer's, after redirects. Of several of a name the last, of
    // WWW-Authenticate all, as a list.
    std::map<std::string, std::string> headers;
    std::string body;
    std::string url;  // where the answer came from

    bool ok() const { return status >= 200 && status < 300; }
    const std::string* header(const std::string& lower_case_name) const;
};

class HttpClient {
  public:
    explicit HttpClient(HttpOptions options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Any answer is returned, 404 and 500 too. Errc::network, timeout or cancelled when there was
    // none; Errc::denied when a certificate is not trusted. What the body's source or sink throws
    // comes through.
    HttpResponse send(const HttpRequest& request, const std::stop_token& stop = {});

  private:
    struct Handle;
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

// Throws nothing for 2xx. Otherwise an Error whose code follows the status (401 and 403 denied, 404
// not_found, 409 conflict, 408, 429, 500 and 502 to 504 unavailable with Retry-After, else remote)
// and whose text is `message`.
Error status_error(const HttpResponse& response, std::string message);

}  // namespace airlock::base
