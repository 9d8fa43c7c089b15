// One connection of HttpsServer, from the handshake to the end: reads requests within the limits,
// has them answered, and writes the replies in order. Internal to https_server.cpp: Beast goes no
// further. Everything here but what ServerCommon says is of one thread.
#pragma once

#include "webhook/byte_budget.hpp"
#include "webhook/certificate.hpp"
#include "webhook/request_handler.hpp"
#include "webhook/server_options.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace airlock::webhook {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using Failure = boost::system::error_code;
using Tcp = net::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = net::ssl::stream<beast::tcp_stream>;
using Clock = std::chrono::steady_clock;

class Connection {
  public:
    virtual ~Connection() = default;
    // Closes when no request is being read or answered.
    virtual void close_if_idle() = 0;
    virtual void abort() = 0;
    virtual std::optional<Clock::time_point> idle_since() const = 0;
};

// What all connections of a server share.
struct ServerCommon {
    explicit ServerCommon(const ServerOptions& chosen)
        : options(chosen), large_bodies(chosen.max_large_bodies) {}

    ServerOptions options;
    ByteBudget large_bodies;
    std::atomic<bool> ending{false};
    std::atomic<std::size_t> open{0};
    std::mutex mutex;
    std::condition_variable all_closed;

    void closed() {
        const std::lock_guard lock(mutex);
        --open;
        all_closed.notify_all();
    }
};

// A thread with its event loop and connections; everything but post() is its own thread's.
struct ServerThread {
    std::vector<std::unique_ptr<RequestHandler>> handlers;  // one a listener
    std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
    // Last, so first to go: it holds the connections, which use the two above.
    net::io_context loop{1};
    std::thread thread;

    void for_each(const std::function<void(Connection&)>& act) {
        std::vector<std::shared_ptr<Connection>> all;
        for (const auto& [key, connection] : connections) {
            if (auto alive = connection.lock()) all.push_back(std::move(alive));
        }
        for (const auto& connection : all)
            act(*connection);
    }

    // Makes room for a newcomer: clients that hold connections and ask nothing must not keep the
    // API server out.
    bool close_longest_idle() {
        std::shared_ptr<Connection> oldest;
        for (const auto& [key, connection] : connections) {
            auto alive = connection.lock();
            if (!alive || !alive->idle_since()) continue;
            if (!oldest || *alive->idle_since() < *oldest->idle_since()) oldest = std::move(alive);
        }
        if (oldest) oldest->abort();
        return oldest != nullptr;
    }
};

inline std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

template <typename Stream>
class HttpSession final : public Connection,
                          public std::enable_shared_from_this<HttpSession<Stream>> {
    static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  public:
    template <typename... Args>
    HttpSession(ServerCommon& common, ServerThread& worker, RequestHandler& handler,
                std::shared_ptr<TlsContext> tls, Args&&... args)
        : common_(common),
          worker_(worker),
          handler_(handler),
          tls_(std::move(tls)),
          stream_(std::forward<Args>(args)...) {
        handler_.connections_changed(1);
    }

    ~HttpSession() override {
        worker_.connections.erase(this);
        handler_.connections_changed(-1);
        common_.closed();
    }

    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    void start() {
        worker_.connections.emplace(this, this->weak_from_this());
        Failure ignored;
        socket().set_option(Tcp::no_delay(true), ignored);
        if constexpr (kTls) {
            lowest().expires_after(common_.options.handshake_time);
            stream_.async_handshake(net::ssl::stream_base::server,
                                    [self = this->shared_from_this()](Failure failure) {
                                        if (!failure) self->wait_for_request();
                                    });
        } else {
            wait_for_request();
        }
    }

    void close_if_idle() override {
        if (!idle_since_) return;
        closing_ = true;
        lowest().cancel();  // a shutdown would wait behind the read that waits for a request
    }
    void abort() override { lowest().close(); }
    std::optional<Clock::time_point> idle_since() const override { return idle_since_; }

  private:
    PlainStream& lowest() { return beast::get_lowest_layer(stream_); }
    Tcp::socket& socket() { return lowest().socket(); }

    void wait_for_request() {
        parser_.reset();
        if (buffer_.size() > 0) return read_head();  // the next one is here already
        buffer_.shrink_to_fit();
        idle_since_ = Clock::now();
        lowest().expires_after(common_.options.idle_time);
        constexpr std::size_t kFirstRead = 32 * 1024;  // a usual review in one go
        stream_.async_read_some(
            buffer_.prepare(kFirstRead),
            [self = this->shared_from_this()](Failure failure, std::size_t size) {
                self->idle_since_.reset();
                if (failure && self->closing_) return self->close();
                if (failure) return;
                self->buffer_.commit(size);
                self->read_head();
            });
    }

    void read_head() {
        parser_.emplace();
        parser_->header_limit(common_.options.max_header);
        parser_->body_limit(common_.options.max_body);
        // One deadline for head and body: a client that sends a byte now and then gains nothing by
        // it.
        lowest().expires_after(common_.options.request_time);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = this->shared_from_this()](Failure failure, std::size_t) {
                                    self->on_head(failure);
                                });
    }

    void on_head(Failure failure) {
        if (failure == http::error::body_limit)
            return refuse({.status = 413, .body = "the body is too large\n"});
        if (failure == http::error::header_limit)
            return refuse({.status = 431, .body = "the head is too large\n"});
        if (failure == http::error::end_of_stream) return close();
        if (failure.category() == http::make_error_code(http::error::bad_method).category() &&
            failure != http::error::partial_message) {
            return refuse({.status = 400, .body = "this is not HTTP/1.1\n"});
        }
        if (failure) return;  // gone, or too slow
        const auto& request = parser_->get();
        if (request.version() != 11 && request.version() != 10) {
            return refuse({.status = 505, .body = "HTTP/1.1 only\n"});
        }
        if (auto reply = handler_.refuse(head())) {
            if (!parser_->is_done()) return refuse(std::move(*reply));
            handler_.refused(reply->status);
            return send(std::move(*reply));
        }
        if (!parser_->is_done() && !make_room()) {
            return refuse({.status = 503, .body = "too many large requests at once\n"});
        }
        if (beast::iequals(request[http::field::expect], "100-continue")) return send_continue();
        read_body();
    }

    bool make_room() {
        const auto length = parser_->content_length();
        const auto& options = common_.options;
        if (!length || *length > options.large_body) {
            // Without a length, the largest is to be expected.
            room_ =
                common_.large_bodies.take(length.value_or(options.max_body) * options.cost_of_byte);
            if (!room_) return false;
        }
        if (length) parser_->get().body().reserve(static_cast<std::size_t>(*length) + kBodyPadding);
        return true;
    }

    void send_continue() {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        net::async_write(stream_, net::buffer(kContinue),
                         [self = this->shared_from_this()](Failure failure, std::size_t) {
                             if (!failure) self->read_body();
                         });
    }

    void read_body() {
        http::async_read(
            stream_, buffer_, *parser_,
            [self = this->shared_from_this()](Failure failure, std::size_t) {
                if (failure == http::error::body_limit) {
                    return self->refuse({.status = 413, .body = "the body is too large\n"});
                }
                if (failure.category() ==
                        http::make_error_code(http::error::bad_method).category() &&
                    failure != http::error::partial_message) {
                    return self->refuse({.status = 400, .body = "the body is broken\n"});
                }
                if (failure) return;
                auto& body = self->parser_->get().body();
                if (body.capacity() < body.size() + kBodyPadding)
                    body.reserve(body.size() + kBodyPadding);
                auto reply = self->handler_.handle(self->head(), body);
                self->drop_body();  // the client may take its time over the reply
                self->send(std::move(reply));
            });
    }

    void drop_body() {
        std::string().swap(parser_->get().body());
        room_ = {};
    }

    RequestHead head() const {
        const auto& request = parser_->get();
        const auto target = view(request.target());
        return {.method = view(request.method_string()),
                .path = target.substr(0, target.find('?')),
                .content_type = view(request[http::field::content_type])};
    }

    // Answers a request whose rest will not be read: the connection ends with it.
    void refuse(Reply reply) {
        handler_.refused(reply.status);
        unread_ = true;
        drop_body();
        send(std::move(reply));
    }

    void send(Reply reply) {
        keep_alive_ = !unread_ && parser_->get().keep_alive() && !common_.ending;
        out_.clear();
        fmt::format_to(std::back_inserter(out_),
                       "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                       view(http::obsolete_reason(http::int_to_status(reply.status))),
                       reply.content_type, reply.body.size());
        if (!reply.allow.empty())
            fmt::format_to(std::back_inserter(out_), "Allow: {}\r\n", reply.allow);
        out_ += keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n";
        out_ += reply.body;  // head and body in one TLS record and one packet
        lowest().expires_after(common_.options.request_time);
        net::async_write(stream_, net::buffer(out_),
                         [self = this->shared_from_this()](Failure failure, std::size_t) {
                             if (failure) return;
                             if (self->keep_alive_) return self->wait_for_request();
                             self->close();
                         });
    }

    void close() {
        idle_since_.reset();
        lowest().expires_after(std::chrono::seconds(2));
        if constexpr (kTls) {
            stream_.async_shutdown([self = this->shared_from_this()](Failure) { self->linger(); });
        } else {
            linger();
        }
    }

    // Reads away what the client still sends: closing before would reset the connection, and the
    // client would lose the reply that tells it why.
    void linger() {
        Failure ignored;
        socket().shutdown(Tcp::socket::shutdown_send, ignored);
        if (!unread_ || ++lingered_ > kMaxLinger) return;
        lowest().async_read_some(net::buffer(scratch_),
                                 [self = this->shared_from_this()](Failure failure, std::size_t) {
                                     if (!failure) self->linger();
                                 });
    }

    static constexpr int kMaxLinger = 4096;  // times 4 KiB: twice the largest body
    ServerCommon& common_;
    ServerThread& worker_;
    RequestHandler& handler_;
    std::shared_ptr<TlsContext> tls_;
    Stream stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<Clock::time_point> idle_since_;
    ByteBudget::Share room_;
    std::string out_;
    std::array<char, 4096> scratch_;
    int lingered_ = 0;
    bool keep_alive_ = true;
    bool unread_ = false;
    bool closing_ = false;
};

}  // namespace airlock::webhook
