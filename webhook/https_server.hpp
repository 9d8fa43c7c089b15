// An HTTP/1.1 server for few, busy, long-lived connections: the API server's. Each thread has an
// event loop and its connections to itself; requests of one connection are answered in order. What
// a request means is the handler's affair; what a client may cost is this file's: header, body,
// time, number of connections and the memory of all bodies together are bounded.
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
    std::uint16_t port = 0;  // 0: any
    bool tls = true;
    std::function<std::unique_ptr<RequestHandler>()> make_handler;
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
