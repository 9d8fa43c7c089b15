// The stream of one connection, plain or TLS. Behind this interface Asio's operations, which take
// long to compile, are compiled once for each kind of stream, and the session only once.
#pragma once

#include "webhook/certificate.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstddef>
#include <functional>
#include <memory>

namespace airlock::webhook {

class SessionStream {
  public:
    using Failure = boost::system::error_code;
    using Socket = boost::asio::ip::tcp::socket;
    using Handler = std::function<void(Failure, std::size_t)>;  // the size is that of reads

    virtual ~SessionStream() = default;

    // One operation at a time. Buffers must live until the handler is called, which never happens
    // inside of these functions.
    virtual void handshake(Handler handler) = 0;
    virtual void read_some(boost::asio::mutable_buffer buffer, Handler handler) = 0;
    virtual void write(boost::asio::const_buffer buffer, Handler handler) = 0;
    virtual void shutdown(Handler handler) = 0;  // of TLS; the socket stays open

    // After the handshake: whether the client has presented a certificate that was verified.
    virtual bool has_verified_client() const = 0;

    // Below TLS: for deadlines, and for what follows the end of TLS.
    virtual boost::beast::tcp_stream& tcp() = 0;
    virtual void read_some_below_tls(boost::asio::mutable_buffer buffer, Handler handler) = 0;
};

std::unique_ptr<SessionStream> make_plain_stream(SessionStream::Socket socket);
// Keeps `context` alive.
std::unique_ptr<SessionStream> make_tls_stream(SessionStream::Socket socket,
                                               std::shared_ptr<TlsContext> context);

}  // namespace airlock::webhook
