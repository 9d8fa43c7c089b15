#include "base/http.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/url.hpp"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>

namespace airlock::base {
namespace {

constexpr long kBuffer = 512 * 1024;
constexpr long kMaxRedirects = 5;
constexpr std::size_t kMaxErrorBody = 64 * 1024;
constexpr std::size_t kMaxHeaders = 256;

struct ListFree {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

void append(HeaderList& list, const std::string& line) {
    auto* grown = curl_slist_append(list.get(), line.c_str());
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(grown);
}

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    const auto code = curl_easy_setopt(easy, option, value);
    if (code != CURLE_OK)
        throw Error(Errc::internal, "libcurl option {}: {}", static_cast<int>(option),
                    curl_easy_strerror(code));
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

std::string_view trim(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

// A request in progress. libcurl's callbacks are C: an exception is kept and rethrown after
// curl_easy_perform.
struct Transfer {
    const HttpRequest& request;
    const std::stop_token& stop;
    CURL* easy;
    HttpResponse response{};
    std::exception_ptr failure{};
    bool unwanted = false;  // the body has another status than the sink expects

    // The last header of a name wins, except for the one that servers do repeat: those are
    // joined to a list (RFC 9110, 5.3).
    void take_header(const std::string& name, std::string_view value) {
        const auto [at, is_new] = response.headers.try_emplace(name, value);
        if (is_new) return;
        if (name == "www-authenticate") {
            at->second.append(", ").append(value);
        } else {
            at->second = value;
        }
    }

    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& transfer = *static_cast<Transfer*>(self);
        try {
            const std::string_view line(data, size);
            if (line.starts_with("HTTP/")) {
                // A new response, after a redirect or 100 Continue.
                transfer.response.headers.clear();
            } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
                if (transfer.response.headers.size() >= kMaxHeaders)
                    throw Error(Errc::invalid, "too many headers");
                transfer.take_header(lower(trim(line.substr(0, colon))),
                                     trim(line.substr(colon + 1)));
            }
            return size;
        } catch (...) {
            transfer.failure = std::current_exception();
            return 0;
        }
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& transfer = *static_cast<Transfer*>(self);
        try {
            transfer.take_body({data, size});
            return transfer.unwanted ? 0 : size;
        } catch (...) {
            transfer.failure = std::current_exception();
            return 0;
        }
    }

    void take_body(std::string_view bytes) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        const bool good = status >= 200 && status < 300;
        if (good && request.body_sink != nullptr) {
            if (request.body_sink_status != 0 && request.body_sink_status != status) {
                unwanted = true;
                return;
            }
            request.body_sink->write(as_bytes(bytes));
            return;
        }
        auto& body = response.body;
        if (good) {
            if (bytes.size() > request.body_limit - body.size()) {
                throw Error(Errc::invalid, "the response from {} is larger than {} bytes",
                            redact(request.url), request.body_limit);
            }
            body.append(bytes);
        } else {
            body.append(bytes.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, body.size())));
        }
    }

    static std::size_t on_send(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& transfer = *static_cast<Transfer*>(self);
        try {
            return transfer.request.body_source->read(
                std::as_writable_bytes(std::span(data, size)));
        } catch (...) {
            transfer.failure = std::current_exception();
            return CURL_READFUNC_ABORT;
        }
    }

    static int on_seek(void* self, curl_off_t offset, int origin) noexcept {
        auto& transfer = *static_cast<Transfer*>(self);
        if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
        try {
            transfer.request.body_source->rewind(static_cast<std::uint64_t>(offset));
            return CURL_SEEKFUNC_OK;
        } catch (...) {
            transfer.failure = std::current_exception();
            return CURL_SEEKFUNC_FAIL;
        }
    }

    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
        return static_cast<Transfer*>(self)->stop.stop_requested() ? 1 : 0;
    }
};

CURLcode use_trust_store(CURL*, void* context, void* store) noexcept {
    // Takes its own reference.
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
    return CURLE_OK;
}

void global_init() {
    static const auto code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK)
        throw Error(Errc::internal, "cannot initialize libcurl: {}", curl_easy_strerror(code));
}

std::string certificate_hint(std::string_view reason, const TlsHints& hints) {
    const auto says = [&](std::string_view words) {
        return reason.find(words) != std::string_view::npos;
    };
    if (says("expired") || says("not yet valid"))
        return "check the clock of this host and the validity dates of the server's certificate";
    if (says("does not match") || says("no alternative certificate"))
        return "connect by a name or address listed in the server's certificate";
    return hints.unknown_authority;
}

[[noreturn]] void throw_curl_error(CURLcode code, const char* detail, const HttpRequest& request,
                                   const TlsHints& hints) {
    const std::string_view reason = *detail != '\0' ? detail : curl_easy_strerror(code);
    const auto where = fmt::format("{} {}", request.method, redact(request.url));
    switch (code) {
        case CURLE_ABORTED_BY_CALLBACK:
            throw Error(Errc::cancelled, "{}: cancelled", where);
        case CURLE_OPERATION_TIMEDOUT:
            throw Error(Errc::timeout, "{}: {}", where, reason);
        case CURLE_PEER_FAILED_VERIFICATION:
            throw Error(Errc::denied, "{}: the server's certificate is not trusted: {}", where,
                        reason)
                .set_hint(certificate_hint(reason, hints));
        case CURLE_SSL_CONNECT_ERROR:
            // OpenSSL's message for data that is not TLS; a retry would not help.
            if (reason.find("wrong version number") != std::string_view::npos) {
                throw Error(Errc::remote, "{}: the server does not speak TLS on this port", where)
                    .set_hint(hints.no_tls);
            }
            throw Error(Errc::network, "{}: {}", where, reason);
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            throw Error(Errc::invalid, "{}: {}", where, reason);
        case CURLE_SSL_CERTPROBLEM:
            throw Error(Errc::denied, "{}: cannot use the client certificate or key: {}", where,
                        reason);
        case CURLE_COULDNT_RESOLVE_HOST:
            throw Error(Errc::network, "{}: {}", where, reason)
                .set_hint("check the host name, and /etc/hosts and /etc/resolv.conf on this host");
        case CURLE_COULDNT_CONNECT:
            throw Error(Errc::network, "{}: {}", where, reason)
                .set_hint(
                    "check that the server is running, and the host, port and scheme of the URL");
        default:
            throw Error(Errc::network, "{}: {}", where, reason);
    }
}

}  // namespace

struct HttpClient::Handle {
    struct Cleanup {
        void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    };
    std::unique_ptr<CURL, Cleanup> easy{curl_easy_init()};
    std::array<char, CURL_ERROR_SIZE> error{};
};

struct HttpClient::Pool {
    HttpOptions options;
    std::mutex mutex;
    std::vector<std::unique_ptr<Handle>> idle;

    // The most recently used first: its connection is the most likely to be still open.
    std::unique_ptr<Handle> take() {
        {
            const std::lock_guard lock(mutex);
            if (!options.trust && !options.skip_verification)
                options.trust = TrustStore::with_host();
            if (!idle.empty()) {
                auto handle = std::move(idle.back());
                idle.pop_back();
                return handle;
            }
        }
        auto handle = std::make_unique<Handle>();
        if (!handle->easy) throw std::bad_alloc();
        return handle;
    }

    void give_back(std::unique_ptr<Handle> handle) {
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(handle));
    }

    void set_common(CURL* easy) const;
};

void HttpClient::Pool::set_common(CURL* easy) const {
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(easy, CURLOPT_CONNECTTIMEOUT, long{options.connect_timeout.count()});
    // No CURLOPT_TIMEOUT by default: a layer may take an hour on a slow link. Stalled transfers
    // time out instead.
    set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(easy, CURLOPT_LOW_SPEED_TIME, long{options.stall_timeout.count()});
    set(easy, CURLOPT_BUFFERSIZE, kBuffer);
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    if (options.skip_verification) {
        set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    } else {
        // Replaces the store that libcurl would load for each connection.
        set(easy, CURLOPT_CAINFO, static_cast<char*>(nullptr));
        set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
        set(easy, CURLOPT_SSL_CTX_FUNCTION, &use_trust_store);
        set(easy, CURLOPT_SSL_CTX_DATA, options.trust->get());
    }
    if (!options.client_certificate.empty()) {
        curl_blob certificate{const_cast<char*>(options.client_certificate.data()),
                              options.client_certificate.size(), CURL_BLOB_NOCOPY};
        curl_blob key{const_cast<char*>(options.client_key.data()), options.client_key.size(),
                      CURL_BLOB_NOCOPY};
        set(easy, CURLOPT_SSLCERT_BLOB, &certificate);
        set(easy, CURLOPT_SSLKEY_BLOB, &key);
    }
}

HttpClient::HttpClient(HttpOptions options) : pool_(std::make_unique<Pool>()) {
    global_init();
    pool_->options = std::move(options);
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request, const std::stop_token& stop) {
    if (stop.stop_requested()) throw Error(Errc::cancelled, "cancelled");
    auto handle = pool_->take();
    auto* easy = handle->easy.get();
    curl_easy_reset(easy);  // options only: open connections are kept
    pool_->set_common(easy);
    handle->error.fill('\0');
    set(easy, CURLOPT_ERRORBUFFER, handle->error.data());
    set(easy, CURLOPT_URL, request.url.c_str());
    HeaderList pinned;
    if (!pool_->options.tls_server_name.empty()) {
        // libcurl verifies the URL's host: set the name to verify there, and the address to connect
        // to.
        const auto url = parse_url(request.url);
        append(pinned, fmt::format("::{}:{}", url.host, url.port));
        set(easy, CURLOPT_CONNECT_TO, pinned.get());
        set(easy, CURLOPT_URL,
            fmt::format("https://{}:{}{}{}{}", pool_->options.tls_server_name, url.port, url.path,
                        url.query.empty() ? "" : "?", url.query)
                .c_str());
    }

    Transfer transfer{.request = request, .stop = stop, .easy = easy};
    HeaderList headers;
    for (const auto& line : request.headers)
        append(headers, line);
    if (!request.authorization.empty()) append(headers, "Authorization: " + request.authorization);
    // No 100-continue: it costs a round trip, and some servers never send it.
    append(headers, "Expect:");
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (request.method == "HEAD") {
        set(easy, CURLOPT_NOBODY, 1L);
    } else if (request.body_source != nullptr) {
        request.body_source->rewind(0);
        set(easy, CURLOPT_UPLOAD, 1L);
        set(easy, CURLOPT_READFUNCTION, &Transfer::on_send);
        set(easy, CURLOPT_READDATA, &transfer);
        set(easy, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
        set(easy, CURLOPT_SEEKDATA, &transfer);
        set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_source->size()));
    } else if (!reads && (!request.body.empty() || request.method == "POST" ||
                          request.method == "PUT" || request.method == "PATCH")) {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDS, request.body.data());
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    if (request.method != "HEAD") set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (reads && request.follow_redirects) {
        set(easy, CURLOPT_FOLLOWLOCATION, 1L);
        set(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
        const bool plain = request.url.starts_with("http://");
        set(easy, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
    }
    set(easy, CURLOPT_HTTPHEADER, headers.get());
    set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(easy, CURLOPT_HEADERDATA, &transfer);
    set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(easy, CURLOPT_WRITEDATA, &transfer);
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
    set(easy, CURLOPT_XFERINFODATA, &transfer);
    if (request.timeout.count() > 0) set(easy, CURLOPT_TIMEOUT, long{request.timeout.count()});

    const auto code = curl_easy_perform(easy);
    // The handle, in an unknown state, is discarded with it.
    if (transfer.failure) std::rethrow_exception(transfer.failure);
    if (code != CURLE_OK && !transfer.unwanted)
        throw_curl_error(code, handle->error.data(), request, pool_->options.hints);

    auto response = std::move(transfer.response);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &response.status);
    char* effective = nullptr;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &effective);
    response.url =
        pool_->options.tls_server_name.empty() && effective != nullptr ? effective : request.url;
    if (!transfer.unwanted) pool_->give_back(std::move(handle));
    log_debug("{} {} -> {}", request.method, redact(request.url), response.status);
    return response;
}

const std::string* HttpResponse::header(const std::string& lower_case_name) const {
    const auto at = headers.find(lower_case_name);
    return at == headers.end() ? nullptr : &at->second;
}

Error status_error(const HttpResponse& response, std::string message) {
    Errc code = Errc::remote;
    switch (response.status) {
        case 401:
        case 403:
            code = Errc::denied;
            break;
        case 404:
            code = Errc::not_found;
            break;
        case 409:
            code = Errc::conflict;
            break;
        case 408:
        case 429:
        case 500:
        case 502:
        case 503:
        case 504:
            code = Errc::unavailable;
            break;
        default:
            break;
    }
    Error error(code, std::move(message));
    if (const auto* after = response.header("retry-after")) {
        int seconds = 0;
        if (std::from_chars(after->data(), after->data() + after->size(), seconds).ec ==
                std::errc() &&
            seconds >= 0) {
            error.set_retry_after(std::chrono::seconds(seconds));
        }
    }
    return error;
}

}  // namespace airlock::base
