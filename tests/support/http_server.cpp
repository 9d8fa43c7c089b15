#include "tests/support/http_server.hpp"

#include "tests/support/loopback.hpp"

#include <sys/socket.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace airlock::test {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return text;
}

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool receive_more(int fd, std::string& buffer) {
    char chunk[64 * 1024];
    const auto count = ::recv(fd, chunk, sizeof chunk, 0);
    if (count <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(count));
    return true;
}

// The next close() sends RST instead of FIN.
void reset_on_close(int fd) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::vector<std::pair<std::string, std::string>> parse_headers(std::string_view lines) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!lines.empty()) {
        const auto end = std::min(lines.find("\r\n"), lines.size());
        const auto line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 2, lines.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
        out.emplace_back(line.substr(0, colon), line.substr(value));
    }
    return out;
}

// Reads until the head is complete, and removes it from `buffer`.
std::optional<std::string> take_head(int fd, std::string& buffer) {
    auto end = buffer.find("\r\n\r\n");
    while (end == std::string::npos) {
        if (!receive_more(fd, buffer)) return std::nullopt;
        end = buffer.find("\r\n\r\n");
    }
    auto head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    return head;
}

std::string unchunk(std::string_view text) {
    std::string out;
    for (;;) {
        const auto size = std::stoul(std::string(text), nullptr, 16);
        if (size == 0) return out;
        text.remove_prefix(text.find("\r\n") + 2);
        out += text.substr(0, size);
        text.remove_prefix(size + 2);
    }
}

}  // namespace

std::string ServerRequest::header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string() : at->second;
}

HttpServer::HttpServer(Handler handler, EarlyHandler early)
    : handler_(std::move(handler)), early_(std::move(early)) {
    listener_ = base::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = loopback(0);
    auto size = static_cast<socklen_t>(sizeof address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (!listener_ || ::bind(listener_.get(), any, size) != 0 ||
        ::listen(listener_.get(), 64) != 0 || ::getsockname(listener_.get(), any, &size) != 0) {
        throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        for (const auto& fd : connections_)
            ::shutdown(fd.get(), SHUT_RDWR);
    }
    ::shutdown(listener_.get(), SHUT_RDWR);
    wake_.notify_all();
    acceptor_.join();
    for (auto& thread : threads_)
        thread.join();
}

std::string HttpServer::address() const {
    return "127.0.0.1:" + std::to_string(port_);
}

std::vector<ServerRequest> HttpServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t HttpServer::count(const std::string& method, const std::string& in_target) const {
    const auto all = requests();
    return static_cast<std::size_t>(std::ranges::count_if(all, [&](const ServerRequest& request) {
        return request.method == method && request.target.find(in_target) != std::string::npos;
    }));
}

void HttpServer::accept_all() {
    for (;;) {
        base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const std::lock_guard lock(mutex_);
        if (!fd || ended_) return;
        connections_.push_back(std::move(fd));
        auto& mine = connections_.back();
        threads_.emplace_back([this, &mine] {
            serve(mine.get());
            const std::lock_guard guard(mutex_);  // the destructor must not use a closed descriptor
            mine.reset();
        });
    }
}

void HttpServer::serve(int fd) {
    std::string buffer;
    while (serve_one(fd, buffer)) {
    }
}

bool HttpServer::serve_one(int fd, std::string& buffer) {
    const auto head = take_head(fd, buffer);
    if (!head) return false;
    ServerRequest request;
    const auto first = head->find(' ');
    const auto second = head->find(' ', first + 1);
    request.method = head->substr(0, first);
    request.target = head->substr(first + 1, second - first - 1);
    for (auto& [name, value] :
         parse_headers(std::string_view(*head).substr(head->find("\r\n") + 2)))
        request.headers.insert_or_assign(lower(name), value);
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
    }
    if (early_) {
        if (const auto answer = early_(request)) {
            reply(fd, request, *answer);
            return false;
        }
    }
    const auto length = request.header("content-length");
    const auto size = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < size) {
        if (!receive_more(fd, buffer)) return false;
    }
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    return reply(fd, request, handler_(request));
}

// False when the connection must not be reused.
bool HttpServer::reply(int fd, const ServerRequest& request, const ServerReply& answer) {
    if (answer.no_answer) {
        reset_on_close(fd);
        return false;
    }
    if (answer.silent) {
        hold();
        return false;
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " x\r\n";
    bool length = false;
    for (const auto& [name, value] : answer.headers) {
        text += name + ": " + value + "\r\n";
        length = length || lower(name) == "content-length";
    }
    if (!length && answer.status != 204 && answer.status != 304)
        text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    text += "\r\n";
    const bool head_only = request.method == "HEAD";
    const auto sent =
        answer.cut_after ? *answer.cut_after : answer.stall_after.value_or(answer.body.size());
    if (!head_only) text += answer.body.substr(0, sent);
    if (!send_all(fd, text)) return false;
    if (answer.stall_after) hold();
    if (answer.cut_after) reset_on_close(fd);
    return !answer.stall_after && !answer.cut_after;
}

void HttpServer::hold() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return ended_; });
}

ServerReply forward(const std::string& address, const ServerRequest& request) {
    const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to =
        loopback(static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1))));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("cannot connect to " + address);
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nConnection: close\r\n";
    for (const auto& [name, value] : request.headers) {
        if (name != "connection") text += name + ": " + value + "\r\n";
    }
    send_all(fd.get(), text + "\r\n" + request.body);
    std::string rest;
    const auto head = take_head(fd.get(), rest);
    if (!head) throw std::runtime_error(address + " sent no answer");
    while (receive_more(fd.get(), rest)) {
    }
    ServerReply out{.status = std::stoi(head->substr(9, 3))};
    for (auto& [name, value] :
         parse_headers(std::string_view(*head).substr(head->find("\r\n") + 2))) {
        const auto key = lower(name);
        if (key == "transfer-encoding") {
            rest = unchunk(rest);
        } else if (key != "connection") {
            out.headers.emplace_back(std::move(name), std::move(value));
        }
    }
    out.body = std::move(rest);
    return out;
}

}  // namespace airlock::test
