#include "tests/webhook/support.hpp"

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/file.hpp"
#include "base/openssl.hpp"
#include "tests/webhook/json_patch_oracle.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <vector>

namespace airlock::webhook::test {

using base::Json;

std::string fixture(std::string_view name) {
    return base::read_file(std::filesystem::path(AIRLOCK_SOURCE_DIR) / "tests/data/webhook" / name,
                           1 << 20);
}

Json node_json(const NodeValues& node) {
    Json conditions = Json::array();
    for (const auto* type : {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"}) {
        const bool ready = std::string_view(type) == "Ready";
        conditions.push_back({{"type", type},
                              {"status", ready ? node.ready : "False"},
                              {"lastHeartbeatTime", node.heartbeat},
                              {"lastTransitionTime", "2026-11-21T00:23:11Z"},
                              {"reason", "Kubelet"},
                              {"message", "as expected"}});
    }
    Json metadata{{"name", node.name}, {"uid", "b88b0b10"}, {"resourceVersion", "1"}};
    if (!node.labels.empty()) metadata["labels"] = node.labels;
    if (node.annotations) metadata["annotations"] = *node.annotations;
    return {{"kind", "Node"},
            {"apiVersion", "v1"},
            {"metadata", std::move(metadata)},
            {"spec", Json::object()},
            {"status",
             {{"capacity", node.capacity},
              {"allocatable", node.allocatable},
              {"conditions", std::move(conditions)}}}};
}

Json review_json(const NodeValues& now, const NodeValues& stored) {
    return {{"kind", "AdmissionReview"},
            {"apiVersion", "admission.k8s.io/v1"},
            {"request",
             {{"uid", "u-1"},
              {"resource", {{"group", ""}, {"version", "v1"}, {"resource", "nodes"}}},
              {"subResource", "status"},
              {"name", now.name},
              {"operation", "UPDATE"},
              {"userInfo", {{"username", "system:node:" + now.name}}},
              {"object", node_json(now)},
              {"oldObject", node_json(stored)},
              {"dryRun", false}}}};
}

Policy policy(std::string_view yaml_below_kind) {
    return Policy::parse(
        "apiVersion: oversell.airlock.dev/v1\nkind: Policy\n" + std::string(yaml_below_kind),
        "policy.yaml");
}

Answered answer(const Json& review, const Policy* policy) {
    ReviewParser parser;
    auto body = review.dump();
    Answered result{.mutation = mutate(parser, body, policy, kNow),
                    .response = {},
                    .object = review.at("request").value("object", Json())};
    result.response = Json::parse(result.mutation.answer).at("response");
    if (result.response.contains("patch")) {
        apply_json_patch(
            result.object,
            base::base64_decode(result.response.at("patch").get<std::string>(), "patch"));
    }
    return result;
}

Pair make_pair_for(std::string_view common_name) {
    return issue(nullptr, common_name, {.usage = "serverAuth"});
}

namespace {

void add_extension(X509* certificate, int nid, const char* value) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

base::openssl::Certificate read_certificate(const std::string& pem) {
    const auto reader = base::openssl::reader(pem);
    return base::openssl::Certificate(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
}

base::openssl::Key read_key(const std::string& pem) {
    const auto reader = base::openssl::reader(pem);
    return base::openssl::Key(PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, nullptr));
}

}  // namespace

Pair issue(const Pair* issuer, std::string_view common_name, const Issuing& issuing) {
    namespace openssl = base::openssl;
    static int serial = 0;
    const auto key = openssl::new_p256_key();
    const openssl::Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), issuing.begins.count());
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), issuing.ends.count());
    X509_set_pubkey(certificate.get(), key.get());
    auto* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_UTF8,
        reinterpret_cast<const unsigned char*>(std::string(common_name).c_str()), -1, -1, 0);
    if (*issuing.usage == '\0') {
        add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    } else {
        add_extension(certificate.get(), NID_ext_key_usage, issuing.usage);
    }
    if (issuer != nullptr) {
        const auto signer = read_certificate(issuer->certificate);
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer.get()));
        X509_sign(certificate.get(), read_key(issuer->key).get(), EVP_sha256());
    } else {
        X509_set_issuer_name(certificate.get(), name);
        X509_sign(certificate.get(), key.get(), EVP_sha256());
    }
    const openssl::Bio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate.get());
    return {.certificate = openssl::contents(out.get()),
            .key = openssl::private_key_pem(key.get())};
}

Client::Client(std::uint16_t port, bool tls) {
    connect(port);
    if (tls && connected_) start_tls({});
}

Client::Client(std::uint16_t port, const ClientTls& tls) {
    connect(port);
    if (connected_) start_tls(tls);
}

void Client::connect(std::uint16_t port) {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes without MSG_NOSIGNAL
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    // Every read times out: a server that never answers fails the test instead of blocking it.
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void Client::start_tls(const ClientTls& tls) {
    auto* context = SSL_CTX_new(TLS_client_method());
    context_ = context;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    if (tls.version) {
        constexpr std::array kVersions{TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
        const int number = kVersions.at(static_cast<std::size_t>(*tls.version));
        // So that it is the server that rejects an old version.
        SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(context, number);
        SSL_CTX_set_max_proto_version(context, number);
    }
    if (tls.certificate != nullptr) {
        SSL_CTX_use_certificate(context, read_certificate(tls.certificate->certificate).get());
        SSL_CTX_use_PrivateKey(context, read_key(tls.certificate->key).get());
    }
    auto* ssl = SSL_new(context);
    ssl_ = ssl;
    SSL_set_fd(ssl, fd_);
    if (tls.session != nullptr) SSL_set_session(ssl, static_cast<SSL_SESSION*>(tls.session));
    connected_ = SSL_connect(ssl) == 1;
}

Client::~Client() {
    if (session_ != nullptr) SSL_SESSION_free(static_cast<SSL_SESSION*>(session_));
    if (ssl_ != nullptr) SSL_free(static_cast<SSL*>(ssl_));
    if (context_ != nullptr) SSL_CTX_free(static_cast<SSL_CTX*>(context_));
    if (fd_ >= 0) ::close(fd_);
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent =
            ssl_ != nullptr
                ? SSL_write(static_cast<SSL*>(ssl_), bytes.data(), static_cast<int>(bytes.size()))
                : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::optional<std::string> Client::read_some() {
    std::array<char, 16384> part{};
    const auto size = ssl_ != nullptr ? SSL_read(static_cast<SSL*>(ssl_), part.data(),
                                                 static_cast<int>(part.size()))
                                      : static_cast<int>(::recv(fd_, part.data(), part.size(), 0));
    if (size <= 0) return std::nullopt;
    return std::string(part.data(), static_cast<std::size_t>(size));
}

Client::Response Client::receive(bool has_body) {
    Response response;
    auto end = buffer_.find("\r\n\r\n");
    while (end == std::string::npos) {
        const auto more = read_some();
        if (!more) return response;
        buffer_ += *more;
        end = buffer_.find("\r\n\r\n");
    }
    response.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    const auto field = response.head.find("Content-Length: ");
    const auto length =
        field == std::string::npos || !has_body ? 0 : std::stoul(response.head.substr(field + 16));
    while (buffer_.size() < length) {
        const auto more = read_some();
        if (!more) return response;
        buffer_ += *more;
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    response.status = std::stoi(response.head.substr(9, 3));
    return response;
}

void Client::end_sending() {
    if (ssl_ != nullptr) SSL_shutdown(static_cast<SSL*>(ssl_));
    ::shutdown(fd_, SHUT_WR);
}

bool Client::closed_within(std::chrono::milliseconds limit) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
    const timeval time{.tv_sec = seconds.count(),
                       .tv_usec = std::chrono::microseconds(limit - seconds).count()};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    const auto begin = std::chrono::steady_clock::now();
    return buffer_.empty() && !read_some() && std::chrono::steady_clock::now() - begin < limit;
}

std::string Client::peer_name() const {
    const base::openssl::Certificate certificate(
        SSL_get1_peer_certificate(static_cast<SSL*>(ssl_)));
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    return name.data();
}

bool Client::resumed() const {
    return SSL_session_reused(static_cast<SSL*>(ssl_)) == 1;
}

void* Client::session() {
    session_ = SSL_get1_session(static_cast<SSL*>(ssl_));
    return session_;
}

std::string post(std::string_view path, std::string_view body, std::string_view content_type) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", path,
        content_type, body.size(), body);
}

std::string get(std::string_view path) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path);
}

}  // namespace airlock::webhook::test
