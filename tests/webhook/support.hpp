// Shared by the webhook's tests: reviews built from a few values, parsed answers, temporary
// certificates, and a small HTTP client over TLS or plain TCP.
#pragma once

#include "base/json.hpp"
#include "webhook/mutator.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook::test {

std::string fixture(std::string_view name);

// A Node with the four conditions a kubelet reports, all with the same heartbeat time.
struct NodeValues {
    std::string name = "n1";
    std::map<std::string, std::string> labels = {};
    std::optional<std::map<std::string, std::string>> annotations =
        std::map<std::string, std::string>{};
    std::map<std::string, std::string> allocatable = {
        {"cpu", "2"}, {"memory", "24581684Ki"}, {"pods", "110"}};
    std::map<std::string, std::string> capacity = {
        {"cpu", "2"}, {"memory", "24684084Ki"}, {"pods", "110"}};
    std::string heartbeat = "2026-11-21T00:52:57Z";
    std::string ready = "True";
};

base::Json node_json(const NodeValues& node);
base::Json review_json(const NodeValues& now, const NodeValues& stored);

Policy policy(std::string_view yaml_below_kind);

// What the clock shows in tests.
inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'795'222'379)};

struct Answered {
    Mutation mutation;
    base::Json response;  // of the answer
    base::Json object;    // the request's, with the patch applied
};
// Applies the answer to the request as the API server does.
Answered answer(const base::Json& review, const Policy* policy);

struct Pair {
    std::string certificate;
    std::string key;
};
Pair make_pair_for(std::string_view common_name);

struct Issuing {
    const char* usage = "clientAuth";  // empty for a CA
    std::chrono::seconds begins{-60};  // from now
    std::chrono::seconds ends{3600};
};
// A certificate that `issuer` has signed; self-signed without one.
Pair issue(const Pair* issuer, std::string_view common_name, const Issuing& issuing = {});
inline Pair make_ca(std::string_view common_name, const Pair* issuer = nullptr) {
    return issue(issuer, common_name, {.usage = "", .begins = -std::chrono::hours(24)});
}

enum class TlsVersion { v1_1, v1_2, v1_3 };

struct ClientTls {
    std::optional<TlsVersion> version = std::nullopt;  // this one only
    const Pair* certificate = nullptr;
    void* session = nullptr;  // of another Client, to resume
};

// One connection to 127.0.0.1.
class Client {
  public:
    Client(std::uint16_t port, bool tls);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return connected_; }
    bool send(std::string_view bytes);
    struct Response {
        int status = 0;
        std::string head;
        std::string body;
    };
    // One response; status 0 if the connection was closed before. Without `has_body` it is that to
    // HEAD.
    Response receive(bool has_body = true);
    // Sends nothing more; replies can still be received.
    void end_sending();
    // Whether the server closes within `limit` without sending anything more.
    bool closed_within(std::chrono::milliseconds limit);
    std::string peer_name() const;  // the certificate's common name
    bool resumed() const;
    // A TLS session that a later Client can resume; owned by this one.
    void* session();
    Client(std::uint16_t port, const ClientTls& tls);

  private:
    void connect(std::uint16_t port);
    void start_tls(const ClientTls& tls);
    std::optional<std::string> read_some();

    int fd_ = -1;
    void* context_ = nullptr;
    void* ssl_ = nullptr;
    void* session_ = nullptr;
    bool connected_ = false;
    std::string buffer_;
};

std::string post(std::string_view path, std::string_view body,
                 std::string_view content_type = "application/json");
std::string get(std::string_view path);

}  // namespace airlock::webhook::test
