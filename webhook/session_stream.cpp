#include "webhook/session_stream.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <utility>

namespace airlock::webhook {
namespace {

namespace net = boost::asio;

class PlainStream final : public SessionStream {
  public:
    explicit PlainStream(Socket socket) : stream_(std::move(socket)) {}

    void handshake(Handler handler) override { complete(std::move(handler)); }
    void read_some(net::mutable_buffer buffer, Handler handler) override {
        stream_.async_read_some(buffer, std::move(handler));
    }
    void write(net::const_buffer buffer, Handler handler) override {
        net::async_write(stream_, buffer, std::move(handler));
    }
    void shutdown(Handler handler) override { complete(std::move(handler)); }
    bool has_verified_client() const override { return false; }

    boost::beast::tcp_stream& tcp() override { return stream_; }
    void read_some_below_tls(net::mutable_buffer buffer, Handler handler) override {
        read_some(buffer, std::move(handler));
    }

  private:
    void complete(Handler handler) {
        net::post(stream_.get_executor(), [done = std::move(handler)] { done({}, 0); });
    }

    boost::beast::tcp_stream stream_;
};

// Asio's wrapper frees the context that it is given.
net::ssl::context wrap(const TlsContext& context) {
    SSL_CTX_up_ref(context.native.get());
    return net::ssl::context(context.native.get());
}

class TlsStream final : public SessionStream {
  public:
    TlsStream(Socket socket, std::shared_ptr<TlsContext> context)
        : context_(std::move(context)),
          wrapped_(wrap(*context_)),
          stream_(std::move(socket), wrapped_),
          ssl_(stream_.native_handle()) {}

    void handshake(Handler handler) override {
        stream_.async_handshake(net::ssl::stream_base::server,
                                [done = std::move(handler)](Failure failure) { done(failure, 0); });
    }
    void read_some(net::mutable_buffer buffer, Handler handler) override {
        stream_.async_read_some(buffer, std::move(handler));
    }
    void write(net::const_buffer buffer, Handler handler) override {
        net::async_write(stream_, buffer, std::move(handler));
    }
    void shutdown(Handler handler) override {
        stream_.async_shutdown([done = std::move(handler)](Failure failure) { done(failure, 0); });
    }

    bool has_verified_client() const override { return webhook::has_verified_client(*ssl_); }

    boost::beast::tcp_stream& tcp() override { return stream_.next_layer(); }
    void read_some_below_tls(net::mutable_buffer buffer, Handler handler) override {
        tcp().async_read_some(buffer, std::move(handler));
    }

  private:
    std::shared_ptr<TlsContext> context_;
    net::ssl::context wrapped_;
    net::ssl::stream<boost::beast::tcp_stream> stream_;
    const SSL* ssl_;  // of stream_
};

}  // namespace

std::unique_ptr<SessionStream> make_plain_stream(SessionStream::Socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<SessionStream> make_tls_stream(SessionStream::Socket socket,
                                               std::shared_ptr<TlsContext> context) {
    return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

}  // namespace airlock::webhook
