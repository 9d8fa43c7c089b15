// HTTP and HTTPS requests, through libcurl: connections are kept alive and shared by all threads
// that use a client. It never follows a redirect from HTTPS to plain HTTP, never sends an
// Authorization header to another host, and verifies certificates unless its options say otherwise.
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

// What an operator can do about TLS failures; the caller knows which options to name. Each may be
// empty.
struct TlsHints {
    std::string unknown_authority = {};
    std::string no_tls = {};  // the server does not speak TLS on this port
};

struct HttpOptions {
    // None: the host's certificate authorities, loaded at the first request.
    std::shared_ptr<const TrustStore> trust = {};
    std::string client_certificate = {};  // PEM
    std::string client_key = {};          // PEM
    std::string tls_server_name = {};     // verify this name instead of the URL's host
    bool skip_verification = false;       // only when the user requests it
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds stall_timeout{60};  // Errc::timeout after so long without data
    std::string user_agent = "airlock";
    TlsHints hints = {};
};

struct HttpRequest {
    std::string method = "GET";
    std::string url = {};
    std::vector<std::string> headers = {};  // "Accept: application/json"
    // The value of the Authorization header; not passed on to another host.
    std::string authorization = {};
    std::string body = {};  // sent unless body_source is set
    RewindableSource* body_source = nullptr;
    // A 2xx body goes here instead of into HttpResponse::body. Called on the requesting thread.
    Sink* body_sink = nullptr;
    // When not 0: only for a response of this status; the body of any other 2xx is not read.
    long body_sink_status = 0;
    std::size_t body_limit = 4 * 1024 * 1024;  // of HttpResponse::body; Errc::invalid beyond
    std::chrono::seconds timeout{0};           // of the whole request; 0 for none
    bool follow_redirects = true;              // GET and HEAD only
};

struct HttpResponse {
    long status = 0;
    // Names in lower case; of the last response, after redirects. Of repeated headers the last one,
    // except WWW-Authenticate: all of them, as a list.
    std::map<std::string, std::string> headers;
    std::string body;
    std::string url;  // that sent the response, after redirects

    bool ok() const { return status >= 200 && status < 300; }
    const std::string* header(const std::string& lower_case_name) const;
};

class HttpClient {
  public:
    explicit HttpClient(HttpOptions options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Returns any response, including 404 and 500. Errc::network, timeout or cancelled when there
    // was none; Errc::denied when a certificate is not trusted. Exceptions of the body's source or
    // sink are passed on.
    HttpResponse send(const HttpRequest& request, const std::stop_token& stop = {});

  private:
    struct Handle;
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

// An Error with the text `message` and a code that follows the status: 401 and 403 denied, 404
// not_found, 409 conflict, 408, 429, 500 and 502 to 504 unavailable with Retry-After, else remote.
Error status_error(const HttpResponse& response, std::string message);

}  // namespace airlock::base
