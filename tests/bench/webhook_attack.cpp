// webhook_attack PORT CONNECTIONS SECONDS PAUSE_MS: hostile connections from 127.0.0.2, each in one
// of these ways, until the server closes it; after PAUSE_MS it connects again:
//   half of them   send a part of a ClientHello, and nothing more
//   a quarter      send a header, one byte per second
//   a quarter      send a body of a review in chunks, one byte per second
// Prints one line, also on SIGTERM:
//   connections/s  TLS handshakes/s  the most connections at one time
// Single-threaded; run it with nice 19, because it shares the server's processors.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t stopped = 0;

enum class Way { silent, slow_header, slow_body };

struct Counters {
    std::size_t connected = 0;
    std::size_t handshakes = 0;
    std::size_t open = 0;
    std::size_t most = 0;
};

class Attacker {
  public:
    Attacker(Way way, SSL_CTX* context, std::uint16_t port, int epoll, Counters& counters)
        : way_(way), context_(context), port_(port), epoll_(epoll), counters_(counters) {}
    ~Attacker() { close(); }
    Attacker(const Attacker&) = delete;
    Attacker& operator=(const Attacker&) = delete;

    Clock::time_point next() const { return next_; }

    // Called when `next` has come.
    void on_time(std::chrono::milliseconds pause) {
        pause_ = pause;
        if (fd_ < 0) return connect();
        next_ = Clock::now() + std::chrono::seconds(1);
        if (ready_) send_a_byte();
    }

    // Called when the socket is readable or writable.
    void on_event() {
        if (ssl_ == nullptr) return on_plain_event();
        if (!ready_) {
            const int result = SSL_connect(ssl_);
            if (result != 1) return close_unless_waiting(result);
            ready_ = true;
            ++counters_.handshakes;
            send_a_byte();
        }
        std::array<char, 1024> part{};
        if (fd_ >= 0)
            close_unless_waiting(SSL_read(ssl_, part.data(), static_cast<int>(part.size())));
    }

  private:
    void connect() {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) throw std::runtime_error("cannot create a socket: raise ulimit -n");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port_);
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        ++counters_.connected;
        counters_.most = std::max(counters_.most, ++counters_.open);
        if (way_ != Way::silent) {
            ssl_ = SSL_new(context_);
            SSL_set_fd(ssl_, fd_);
            SSL_set_connect_state(ssl_);
        }
        epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = this}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
        next_ = Clock::now() + std::chrono::seconds(1);
    }

    void on_plain_event() {
        // A record header that announces 512 bytes, and the begin of a ClientHello.
        static constexpr std::string_view kHello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                                                 11);
        if (!ready_) ready_ = ::send(fd_, kHello.data(), kHello.size(), MSG_NOSIGNAL) > 0;
        char byte = 0;
        const auto size = ::recv(fd_, &byte, 1, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN)) close();
    }

    void send_a_byte() {
        if (ssl_ == nullptr) return;
        static constexpr std::string_view kHeader = "POST /mutate HTTP/1.1\r\nX-Slow: ";
        static constexpr std::string_view kBody =
            "POST /mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n";
        std::string_view bytes = "x";
        if (way_ == Way::slow_body) bytes = sent_ ? std::string_view("1\r\n \r\n") : kBody;
        if (way_ == Way::slow_header && !sent_) bytes = kHeader;
        sent_ = true;
        close_unless_waiting(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())));
    }

    void close_unless_waiting(int result) {
        if (result > 0) return;
        const int reason = SSL_get_error(ssl_, result);
        if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) close();
    }

    void close() {
        if (fd_ < 0) return;
        SSL_free(ssl_);
        ERR_clear_error();
        ssl_ = nullptr;
        ::close(fd_);
        fd_ = -1;
        --counters_.open;
        ready_ = false;
        sent_ = false;
        next_ = Clock::now() + pause_;
    }

    Way way_;
    SSL_CTX* context_;
    std::uint16_t port_;
    int epoll_;
    Counters& counters_;
    int fd_ = -1;
    SSL* ssl_ = nullptr;
    bool ready_ = false;  // connected, or the handshake is complete
    bool sent_ = false;   // the first bytes of the request
    std::chrono::milliseconds pause_{0};
    Clock::time_point next_ = Clock::now();
};

void run(std::uint16_t port, int count, int seconds, std::chrono::milliseconds pause) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, [](int) { stopped = 1; });
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    Counters counters;
    std::vector<std::unique_ptr<Attacker>> all;
    for (int i = 0; i < count; ++i) {
        constexpr std::array kWays{Way::silent, Way::slow_header, Way::silent, Way::slow_body};
        all.push_back(std::make_unique<Attacker>(kWays.at(static_cast<std::size_t>(i) % 4),
                                                 context.get(), port, epoll, counters));
    }
    std::array<epoll_event, 256> events{};
    const auto begin = Clock::now();
    for (const auto end = begin + std::chrono::seconds(seconds);
         stopped == 0 && Clock::now() < end;) {
        const auto now = Clock::now();
        for (const auto& attacker : all) {
            if (attacker->next() <= now) attacker->on_time(pause);
        }
        const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 5);
        for (int i = 0; i < ready; ++i)
            static_cast<Attacker*>(events.at(static_cast<std::size_t>(i)).data.ptr)->on_event();
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    fmt::print("{:.0f} {:.0f} {}\n", static_cast<double>(counters.connected) / took.count(),
               static_cast<double>(counters.handshakes) / took.count(), counters.most);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: webhook_attack PORT CONNECTIONS SECONDS PAUSE_MS\n", stderr);
        return 2;
    }
    try {
        run(static_cast<std::uint16_t>(std::atoi(argv[1])), std::atoi(argv[2]), std::atoi(argv[3]),
            std::chrono::milliseconds(std::atoi(argv[4])));
        return 0;
    } catch (const std::exception& problem) {
        fmt::print(stderr, "webhook_attack: {}\n", problem.what());
        return 1;
    }
}
