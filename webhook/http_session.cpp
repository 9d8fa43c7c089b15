#include "webhook/http_session.hpp"

#include "webhook/request_check.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace airlock::webhook {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

// Whether `failure` is an error of the HTTP parser other than a connection that was closed.
bool is_malformed(Failure failure) {
    return failure.category() == http::make_error_code(http::error::bad_method).category() &&
           failure != http::error::partial_message;
}

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
  public:
    HttpSession(ServerCommon& common, ServerThread& worker, RequestHandler& handler,
                std::unique_ptr<SessionStream> stream, ConnectionSlots::Slot slot)
        : common_(common),
          worker_(worker),
          handler_(handler),
          stream_(std::move(stream)),
          slot_(std::move(slot)) {
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
        worker_.connections.emplace(this, weak_from_this());
        Failure ignored;
        tcp().socket().set_option(Tcp::no_delay(true), ignored);
        tcp().expires_after(common_.options.handshake_time);
        stream_->handshake(then(&HttpSession::on_handshake));
    }

    void close_if_idle() override {
        if (!idle_since_) return;
        closing_ = true;
        tcp().cancel();  // a TLS shutdown would wait for the pending read
    }
    void abort() override {
        slot_.release();
        idle_since_.reset();
        tcp().close();
    }
    bool proven() const override { return slot_.proven(); }
    std::optional<Clock::time_point> idle_since() const override { return idle_since_; }

  private:
    using Step = void (HttpSession::*)(Failure, std::size_t);

    // A handler that keeps this session alive until it is called.
    SessionStream::Handler then(Step step) {
        return [self = shared_from_this(), step](Failure failure, std::size_t size) {
            (*self.*step)(failure, size);
        };
    }

    beast::tcp_stream& tcp() { return stream_->tcp(); }

    void on_handshake(Failure failure, std::size_t) {
        if (!failure) wait_for_request();
    }

    void wait_for_request() {
        parser_.reset();
        if (buffer_.size() > 0)
            return read_header();  // the next request was read with the last one
        buffer_.shrink_to_fit();
        idle_since_ = Clock::now();
        const auto& options = common_.options;
        tcp().expires_after(slot_.proven() ? options.idle_time : options.unproven_idle_time);
        constexpr std::size_t kFirstRead = 32 * 1024;  // a typical review in one read
        stream_->read_some(buffer_.prepare(kFirstRead), then(&HttpSession::on_first_bytes));
    }

    void on_first_bytes(Failure failure, std::size_t size) {
        idle_since_.reset();
        if (failure && closing_) return close();
        if (failure) return;
        buffer_.commit(size);
        read_header();
    }

    void read_header() {
        reading_body_ = false;
        parser_.emplace();
        parser_->eager(false);  // stop after the header, before memory for the body is reserved
        parser_->header_limit(common_.options.max_header);
        parser_->body_limit(common_.options.max_body);
        // One deadline for header and body: sending a byte now and then does not extend it.
        tcp().expires_after(common_.options.request_time);
        parse();
    }

    // Parses what was read, and reads more, until the header or the body is complete.
    void parse() {
        while (reading_body_ ? !parser_->is_done() : !parser_->is_header_done()) {
            if (buffer_.size() > 0) {
                Failure failure;
                const auto used = parser_->put(buffer_.data(), failure);
                const std::string_view parsed(static_cast<const char*>(buffer_.data().data()),
                                              used);
                if (!reading_body_ && has_folded_line(parsed)) failure = http::error::bad_field;
                buffer_.consume(used);
                if (!failure && reading_body_ && !pay_for_body())
                    return refuse({.status = 503, .body = "too many large requests at once\n"});
                if (!failure) continue;
                if (failure != http::error::need_more) return on_parsed(failure);
            }
            constexpr std::size_t kMaxRead = 64 * 1024;
            return stream_->read_some(buffer_.prepare(beast::read_size(buffer_, kMaxRead)),
                                      then(&HttpSession::on_more_bytes));
        }
        on_parsed({});
    }

    void on_more_bytes(Failure failure, std::size_t size) {
        buffer_.commit(size);
        if (failure == net::error::eof) {
            failure = http::error::end_of_stream;
            if (parser_->got_some()) parser_->put_eof(failure);
        }
        if (failure) return on_parsed(failure);
        parse();
    }

    void on_parsed(Failure failure) {
        if (reading_body_) return on_body(failure);
        on_header(failure);
    }

    void on_header(Failure failure) {
        if (failure == http::error::body_limit)
            return refuse({.status = 413, .body = "the request body is too large\n"});
        if (failure == http::error::header_limit)
            return refuse({.status = 431, .body = "the request header is too large\n"});
        if (failure == http::error::end_of_stream) return close();
        if (is_malformed(failure))
            return refuse({.status = 400, .body = "this is not a valid HTTP/1.1 request\n"});
        if (failure) return;  // the client is gone, or too slow
        const auto& request = parser_->get();
        if (auto reply = check_head(received_head())) return refuse(std::move(*reply));
        if (auto reply = handler_.refuse(head())) {
            if (!parser_->is_done()) return refuse(std::move(*reply));
            handler_.refused(reply->status);
            return send(std::move(*reply));
        }
        if (beast::iequals(request[http::field::expect], "100-continue")) return send_continue();
        read_body();
    }

    // Takes memory from the budget for the bytes that have arrived, and for a few more.
    bool pay_for_body() {
        const auto& options = common_.options;
        const auto step = std::min<std::uint64_t>(64ULL * 1024, options.large_body);
        const auto size = parser_->get().body().size();
        if (size <= options.large_body) return true;
        const auto wanted = (size + step - 1) / step * step * options.cost_of_byte;
        return wanted <= memory_.bytes() || common_.large_bodies.grow(memory_, wanted);
    }

    void send_continue() {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        stream_->write(net::buffer(kContinue), then(&HttpSession::on_continue_sent));
    }

    void on_continue_sent(Failure failure, std::size_t) {
        if (!failure) read_body();
    }

    void read_body() {
        reading_body_ = true;
        // Of a larger one, memory is reserved as its bytes arrive.
        const auto length = parser_->content_length();
        if (length && *length <= common_.options.large_body)
            parser_->get().body().reserve(static_cast<std::size_t>(*length) + kBodyPadding);
        parser_->eager(true);
        parse();
    }

    void on_body(Failure failure) {
        if (failure == http::error::body_limit)
            return refuse({.status = 413, .body = "the request body is too large\n"});
        if (is_malformed(failure))
            return refuse({.status = 400, .body = "the request body is malformed\n"});
        if (failure) return;
        auto& body = parser_->get().body();
        if (body.capacity() < body.size() + kBodyPadding) body.reserve(body.size() + kBodyPadding);
        auto reply = handler_.handle(head(), body);
        if (reply.proves_client) slot_.prove();
        drop_body();  // not kept while a slow client reads the reply
        send(std::move(reply));
    }

    void drop_body() {
        std::string().swap(parser_->get().body());
        memory_ = {};
    }

    ReceivedHead received_head() const {
        const auto& request = parser_->get();
        return {.version = request.version(),
                .method = view(request.method_string()),
                .known_method = request.method() != http::verb::unknown,
                .target = view(request.target()),
                .transfer_encodings = request.count(http::field::transfer_encoding),
                .transfer_encoding = view(request[http::field::transfer_encoding]),
                .has_content_length = request.count(http::field::content_length) > 0};
    }

    RequestHead head() const {
        const auto& request = parser_->get();
        const auto target = view(request.target());
        return {.method = view(request.method_string()),
                .path = target.substr(0, target.find('?')),
                .content_type = view(request[http::field::content_type]),
                .client_verified = stream_->has_verified_client()};
    }

    // Answers a request whose rest will not be read, and then closes the connection.
    void refuse(Reply reply) {
        handler_.refused(reply.status);
        unread_ = true;
        drop_body();
        send(std::move(reply));
    }

    void send(Reply reply) {
        keep_alive_ = !unread_ && parser_->get().keep_alive() && !common_.shutting_down;
        out_.clear();
        fmt::format_to(std::back_inserter(out_),
                       "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                       view(http::obsolete_reason(http::int_to_status(reply.status))),
                       reply.content_type, reply.body.size());
        if (!reply.allow.empty())
            fmt::format_to(std::back_inserter(out_), "Allow: {}\r\n", reply.allow);
        out_ += keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n";
        // Header and body in one TLS record and one packet.
        if (parser_->get().method() != http::verb::head) out_ += reply.body;
        tcp().expires_after(common_.options.request_time);
        stream_->write(net::buffer(out_), then(&HttpSession::on_sent));
    }

    void on_sent(Failure failure, std::size_t) {
        if (failure) return;
        if (keep_alive_) return wait_for_request();
        close();
    }

    void close() {
        idle_since_.reset();
        tcp().expires_after(std::chrono::seconds(2));
        stream_->shutdown(then(&HttpSession::on_shutdown));
    }

    void on_shutdown(Failure, std::size_t) { linger(); }

    // Discards what the client still sends: closing earlier would reset the connection, and the
    // client would not see the reply that tells it why.
    void linger() {
        Failure ignored;
        tcp().socket().shutdown(Tcp::socket::shutdown_send, ignored);
        if (!unread_ || ++lingered_ > kMaxLinger) return;
        stream_->read_some_below_tls(net::buffer(discarded_), then(&HttpSession::on_discarded));
    }

    void on_discarded(Failure failure, std::size_t) {
        if (!failure) linger();
    }

    static constexpr int kMaxLinger = 4096;  // reads of 4 KiB: twice the largest body
    ServerCommon& common_;
    ServerThread& worker_;
    RequestHandler& handler_;
    std::unique_ptr<SessionStream> stream_;
    ConnectionSlots::Slot slot_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<Clock::time_point> idle_since_;
    ByteBudget::Share memory_;
    std::string out_;
    std::array<char, 4096> discarded_;
    int lingered_ = 0;
    bool reading_body_ = false;
    bool keep_alive_ = true;
    bool unread_ = false;
    bool closing_ = false;
};

}  // namespace

void start_session(ServerCommon& common, ServerThread& worker, RequestHandler& handler,
                   std::unique_ptr<SessionStream> stream, ConnectionSlots::Slot slot) {
    std::make_shared<HttpSession>(common, worker, handler, std::move(stream), std::move(slot))
        ->start();
}

}  // namespace airlock::webhook
