// webhook_load PORT FILE CONNECTIONS SECONDS PID: posts a review repeatedly over persistent TLS
// connections, as the API server does, one request at a time per connection. Prints one line:
//   requests/s  p50 us  p99 us  CPU us/request  resident KiB
// the last two for the server, process PID. Single-threaded and with OpenSSL only, so that its own
// cost does not dominate. A response without a patch is a failure.
#include "base/file.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::nanoseconds cpu_time(int pid) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        throw std::runtime_error("no such process");
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// The peak, so the server must be restarted for each measurement.
std::string resident_kib(int pid) {
    std::ifstream status(fmt::format("/proc/{}/status", pid));
    for (std::string word; status >> word;) {
        if (word == "VmHWM:" && status >> word) return word;
    }
    throw std::runtime_error("no resident size");
}

class Connection {
  public:
    Connection(SSL_CTX* context, std::uint16_t port, int epoll, std::string_view request)
        : request_(request), fd_(::socket(AF_INET, SOCK_STREAM, 0)), ssl_(SSL_new(context)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        SSL_set_fd(ssl_, fd_);
        if (SSL_connect(ssl_) != 1) throw std::runtime_error("no TLS");
        ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
        epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = this}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event);
    }
    ~Connection() {
        SSL_free(ssl_);
        ::close(fd_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Proceeds as far as possible without blocking; appends the durations of requests.
    void advance(std::vector<float>& times) {
        for (;;) {
            if (sent_ < request_.size()) {
                if (sent_ == 0) begin_ = Clock::now();
                const auto part = request_.substr(sent_);
                const int size = SSL_write(ssl_, part.data(), static_cast<int>(part.size()));
                if (must_wait(size)) return;
                sent_ += static_cast<std::size_t>(size);
                continue;
            }
            std::array<char, 16384> part{};
            const int size = SSL_read(ssl_, part.data(), static_cast<int>(part.size()));
            if (must_wait(size)) return;
            answer_.append(part.data(), static_cast<std::size_t>(size));
            if (!complete()) continue;
            const std::chrono::duration<float, std::micro> took = Clock::now() - begin_;
            times.push_back(took.count());
            answer_.clear();
            sent_ = 0;
        }
    }

  private:
    bool must_wait(int result) const {
        if (result > 0) return false;
        const int reason = SSL_get_error(ssl_, result);
        if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) return true;
        throw std::runtime_error("the connection broke");
    }

    bool complete() const {
        const auto end = answer_.find("\r\n\r\n");
        if (end == answer_.npos) return false;
        constexpr std::string_view kLength = "Content-Length: ";
        const auto at = answer_.find(kLength);
        std::size_t length = 0;
        if (at < end) {
            const auto* from = answer_.data() + at + kLength.size();
            std::from_chars(from, answer_.data() + end, length);
        }
        if (answer_.size() < end + 4 + length) return false;
        if (!answer_.starts_with("HTTP/1.1 200 ") || answer_.find("JSONPatch") == answer_.npos)
            throw std::runtime_error("not the answer it should be: " + answer_);
        return true;
    }

    std::string_view request_;
    int fd_;
    SSL* ssl_;
    std::size_t sent_ = 0;
    Clock::time_point begin_;
    std::string answer_;
};

float percentile(std::vector<float>& times, std::size_t percent) {
    const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() * percent / 100);
    std::nth_element(times.begin(), at, times.end());
    return *at;
}

void run(std::uint16_t port, const char* file, int connections, int seconds, int pid) {
    const auto body = airlock::base::read_file(file, 8 << 20);
    const auto request = fmt::format(
        "POST /mutate?timeout=2s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const int epoll = ::epoll_create1(0);
    std::vector<std::unique_ptr<Connection>> all;
    for (int i = 0; i < connections; ++i)
        all.push_back(std::make_unique<Connection>(context.get(), port, epoll, request));
    std::vector<float> times;
    std::array<epoll_event, 64> events{};
    const auto run_until = [&](Clock::time_point end) {
        while (Clock::now() < end) {
            const int ready =
                ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
            for (int i = 0; i < ready; ++i)
                static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr)
                    ->advance(times);
        }
    };
    run_until(Clock::now() + std::chrono::milliseconds(500));  // warm up
    times.clear();
    const auto cpu = cpu_time(pid);
    const auto begin = Clock::now();
    run_until(begin + std::chrono::seconds(seconds));
    const std::chrono::duration<double> took = Clock::now() - begin;
    const std::chrono::duration<double, std::micro> spent = cpu_time(pid) - cpu;
    if (times.empty()) throw std::runtime_error("no request was answered");
    const auto count = static_cast<double>(times.size());
    fmt::print("{:.0f} {:.0f} {:.0f} {:.1f} {}\n", count / took.count(), percentile(times, 50),
               percentile(times, 99), spent.count() / count, resident_kib(pid));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::fputs("usage: webhook_load PORT FILE CONNECTIONS SECONDS PID\n", stderr);
        return 2;
    }
    try {
        run(static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2], std::atoi(argv[3]),
            std::atoi(argv[4]), std::atoi(argv[5]));
        return 0;
    } catch (const std::exception& problem) {
        fmt::print(stderr, "webhook_load: {}\n", problem.what());
        return 1;
    }
}
