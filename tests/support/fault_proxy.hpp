// A proxy in front of a real registry that simulates faults of networks, proxies and servers.
#pragma once

#include "tests/support/http_server.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace airlock::test {

// A fault for requests with this method and this part in their target, a number of times.
struct Fault {
    std::string method = {};  // empty: any
    std::string in_target = {};
    int times = 1;
    // The proxy's own response: the request is not forwarded.
    std::optional<ServerReply> instead = std::nullopt;
    // Respond before the body of the request is read.
    bool early = false;
    // Otherwise modifies the registry's response.
    std::function<void(ServerReply&)> change = {};
};

class FaultProxy {
  public:
    FaultProxy(std::string upstream, std::vector<Fault> faults);

    std::string address() const { return server_.address(); }
    const HttpServer& server() const { return server_; }
    // Whether every fault happened as often as requested.
    bool all_happened() const;

  private:
    std::optional<Fault> take(const ServerRequest& request, bool early);
    ServerReply answer(const ServerRequest& request);

    std::string upstream_;
    mutable std::mutex mutex_;
    std::vector<Fault> faults_;
    HttpServer server_;
};

}  // namespace airlock::test
