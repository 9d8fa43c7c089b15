// An HTTP/1.1 server for few, busy, long-lived connections: the API server's. Each thread has an
// event loop and its connections to itself; requests of one connection are answered in order. What
// a request means is the handler's affair; what a client may cost is this file's: header, body,
// time, number of connections and the memory of all bodies together are bounded.
#pragma once

#include "webhook/certificate.hpp"
#include "webhook/shared_value.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airlock::webhook {

struct RequestHead {
    std::string_view method;
    std::string_view path;  // without the query
    std::string_view content_type;
};

struct Reply {
    unsigned status = 200;
    std::string_view content_type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view allow = {};  // the methods, for 405
};

// One a thread and listener; called by that thread alone.
class RequestHandler {
  public:
    virtual ~RequestHandler() = default;
    // A reply that needs no body, before the body is read.
    virtual std::optional<Reply> refuse(const RequestHead& head) = 0;
    // `body` has kBodyPadding spare bytes, so that parsing it needs no copy.
    virtual Reply handle(const RequestHead& head, std::string& body) = 0;
    // A request that never reached handle(): 400, 413, 431, 503.
    virtual void refused(unsigned status) = 0;
    virtual void connections_changed(int by) = 0;
};

struct Listener {
    std::string address;
    std::uint16_t port = 0;  // 0: any
    bool tls = true;
    std::function<std::unique_ptr<RequestHandler>()> make_handler;
};

struct ServerOptions {
    unsigned threads = 2;
    std::size_t max_connections = 512;
    std::uint32_t max_header = 16 * 1024;
    std::uint64_t max_body = 7ULL * 1024 * 1024;
    // Bodies larger than a usual review share a budget; who finds it used up gets 503, while
    // reviews of the usual size are answered all the same. A byte of them costs six: itself and
    // what the parser makes of it. With the connections' own buffers the sum stays below the memory
    // limit in the kit's Deployment.
    std::uint64_t large_body = 128ULL * 1024;
    std::uint64_t max_large_bodies = 64ULL * 1024 * 1024;
    std::uint64_t cost_of_byte = 6;
    std::chrono::milliseconds handshake_time{5000};
    // From a request's first byte to its last; and for the client to take the reply.
    std::chrono::milliseconds request_time{10000};
    // Longer than the 90 s of the API server's client, so that it is never the server who closes a
    // connection that the client is about to use.
    std::chrono::milliseconds idle_time{300000};
};

class HttpsServer {
  public:
    // Binds and serves. Errc::usage or Errc::io, naming the address. Connections begin with the
    // context that `tls` holds at that moment; with none they are closed.
    HttpsServer(ServerOptions options, std::vector<Listener> listeners,
                const SharedValue<TlsContext>& tls);
    // Without drain() before: ends at once.
    ~HttpsServer();

    std::uint16_t port(std::size_t listener) const;

    // From now on every reply says "Connection: close"; new connections are still served, because
    // others need a while to learn that this server goes.
    void announce_end();
    // Closes the listeners and idle connections and waits for the others, at most `grace`. True
    // when all ended.
    bool drain(std::chrono::milliseconds grace);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::webhook
