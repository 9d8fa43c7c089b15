// An HTTP/1.1 server for a few busy, long-lived connections: those of the API server. Each thread
// has its own event loop and connections; requests of one connection are answered in order. The
// handler decides what a request means. The server limits what a client may consume: header size,
// body size, time, number of connections, and the memory of all request bodies together.
#pragma once

#include "webhook/certificate.hpp"
#include "webhook/request_handler.hpp"
#include "webhook/server_options.hpp"
#include "webhook/shared_value.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace airlock::webhook {

struct Listener {
    std::string address;
    std::uint16_t port = 0;  // 0: any free port
    bool tls = true;
    std::function<std::unique_ptr<RequestHandler>()> make_handler;
};

class HttpsServer {
  public:
    // Binds and serves. Errc::usage or Errc::io, naming the address. A connection uses the context
    // that `tls` holds when it is accepted; without one it is closed.
    HttpsServer(ServerOptions options, std::vector<Listener> listeners,
                const SharedValue<TlsContext>& tls);
    // Without an earlier drain(), aborts all connections.
    ~HttpsServer();

    std::uint16_t port(std::size_t listener) const;

    // From now on every reply says "Connection: close". New connections are still served, because
    // it takes a while until no client is sent here any more.
    void begin_shutdown();
    // Closes the listeners and idle connections, and waits at most `grace` for the others. True
    // when all are closed.
    bool drain(std::chrono::milliseconds grace);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace airlock::webhook
