// An HTTP/1.1 server on a free port of 127.0.0.1 whose responses a test defines. It can misbehave
// on purpose: truncate a body, stall, reset. Each connection has a thread; none outlives the
// server.
#pragma once

#include "base/file.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace airlock::test {

struct ServerRequest {
    std::string method;
    std::string target;                          // path and query as received
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    std::string header(const std::string& name) const;
    std::string path() const { return target.substr(0, target.find('?')); }
};

struct ServerReply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    // After so many bytes of the body the connection is reset, or silent until the server is
    // destroyed.
    std::optional<std::size_t> cut_after = std::nullopt;
    std::optional<std::size_t> stall_after = std::nullopt;
    bool no_answer = false;  // reset before the first byte
    bool silent = false;     // no data until the server is destroyed
};

class HttpServer {
  public:
    using Handler = std::function<ServerReply(const ServerRequest&)>;
    // Called before the body is read: a response returned here is final.
    using EarlyHandler = std::function<std::optional<ServerReply>(const ServerRequest&)>;

    explicit HttpServer(Handler handler, EarlyHandler early = {});
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::string address() const;  // 127.0.0.1:PORT
    std::string url() const { return "http://" + address(); }
    // The requests so far, in order of arrival, without bodies.
    std::vector<ServerRequest> requests() const;
    // The number of requests so far with this method and this part in their target.
    std::size_t count(const std::string& method, const std::string& in_target) const;

  private:
    void accept_all();
    void serve(int fd);
    bool serve_one(int fd, std::string& buffer);
    bool reply(int fd, const ServerRequest& request, const ServerReply& answer);
    void hold();

    Handler handler_;
    EarlyHandler early_;
    base::UniqueFd listener_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool ended_ = false;
    std::vector<ServerRequest> requests_;
    std::list<base::UniqueFd> connections_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

// Sends `request` to HOST:PORT over a new connection and returns the complete response.
ServerReply forward(const std::string& address, const ServerRequest& request);

}  // namespace airlock::test
