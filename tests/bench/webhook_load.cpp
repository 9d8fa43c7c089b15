// webhook_load PORT FILE CONNECTIONS SECONDS PID [NODES RATE]: posts a review repeatedly over
// persistent TLS connections, as the API server does, one request at a time per connection. With
// NODES, that many nodes take turns, and RATE requests are due per second: the time of a request
// that could not be sent when it was due begins then. Prints one line:
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

// The requests of all nodes, in turn, and when the next one is due.
class Schedule {
  public:
    explicit Schedule(std::vector<std::string> requests) : requests_(std::move(requests)) {}

    // From now on; with 0 a request is due at once.
    void set_rate(int per_second) {
        interval_ = std::chrono::nanoseconds(per_second == 0 ? 0 : 1'000'000'000 / per_second);
        due_ = Clock::now();
    }
    Clock::time_point due() const { return interval_.count() == 0 ? Clock::now() : due_; }
    std::string_view take() {
        due_ += interval_;
        return requests_[next_++ % requests_.size()];
    }
    bool every_node_had_its_turn() const { return next_ >= requests_.size(); }

  private:
    std::vector<std::string> requests_;
    std::chrono::nanoseconds interval_{0};
    Clock::time_point due_;
    std::size_t next_ = 0;
};

class Connection {
  public:
    Connection(SSL_CTX* context, std::uint16_t port, int epoll, Schedule& schedule)
        : schedule_(schedule), fd_(::socket(AF_INET, SOCK_STREAM, 0)), ssl_(SSL_new(context)) {
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

    // Waits until the next request is due.
    bool is_idle() const { return request_.empty(); }

    // Proceeds as far as possible without blocking; appends the durations of requests.
    void advance(std::vector<float>& times) {
        for (;;) {
            if (request_.empty()) {
                begin_ = schedule_.due();
                if (begin_ > Clock::now()) return;
                request_ = schedule_.take();
            }
            if (sent_ < request_.size()) {
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
            request_ = {};
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

    Schedule& schedule_;
    std::string_view request_;  // empty between two
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

// One request for each of `nodes` nodes; with 0, that of the file.
std::vector<std::string> requests_for(const std::string& review, int nodes) {
    constexpr std::string_view kName = "\"name\":\"";
    const auto at = review.find(kName) + kName.size();
    const auto name = review.substr(at, review.find('"', at) - at);
    std::vector<std::string> requests;
    for (int node = 0; node < std::max(nodes, 1); ++node) {
        auto body = review;
        if (nodes > 0) {
            const auto renamed = fmt::format("{}-{}", name, node);
            for (auto found = body.find(name); found != body.npos;
                 found = body.find(name, found + renamed.size()))
                body.replace(found, name.size(), renamed);
        }
        requests.push_back(
            fmt::format("POST /mutate?timeout=2s HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                        body.size(), body));
    }
    return requests;
}

void run(std::uint16_t port, const char* file, int connections, int seconds, int pid, int nodes,
         int rate) {
    Schedule schedule(requests_for(airlock::base::read_file(file, 8 << 20), nodes));
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const int epoll = ::epoll_create1(0);
    std::vector<std::unique_ptr<Connection>> all;
    for (int i = 0; i < connections; ++i)
        all.push_back(std::make_unique<Connection>(context.get(), port, epoll, schedule));
    std::vector<float> times;
    std::array<epoll_event, 64> events{};
    const auto run_until = [&](Clock::time_point end) {
        while (Clock::now() < end) {
            std::chrono::nanoseconds wait = std::chrono::milliseconds(100);
            for (const auto& connection : all) {
                if (!connection->is_idle()) continue;
                connection->advance(times);
                wait = std::min(
                    wait, std::max(std::chrono::nanoseconds(0), schedule.due() - Clock::now()));
            }
            const timespec limit{.tv_sec = 0, .tv_nsec = wait.count()};
            const int ready = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()),
                                             &limit, nullptr);
            for (int i = 0; i < ready; ++i)
                static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr)
                    ->advance(times);
        }
    };
    do {
        run_until(Clock::now() + std::chrono::milliseconds(500));  // warm up
    } while (!schedule.every_node_had_its_turn());
    schedule.set_rate(rate);
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
    if (argc != 6 && argc != 8) {
        std::fputs("usage: webhook_load PORT FILE CONNECTIONS SECONDS PID [NODES RATE]\n", stderr);
        return 2;
    }
    try {
        run(static_cast<std::uint16_t>(std::atoi(argv[1])), argv[2], std::atoi(argv[3]),
            std::atoi(argv[4]), std::atoi(argv[5]), argc == 8 ? std::atoi(argv[6]) : 0,
            argc == 8 ? std::atoi(argv[7]) : 0);
        return 0;
    } catch (const std::exception& problem) {
        fmt::print(stderr, "webhook_load: {}\n", problem.what());
        return 1;
    }
}
