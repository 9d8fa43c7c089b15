// Stands before a real registry and does to its traffic what bad networks, proxies and servers do.
#pragma once

#include "tests/support/http_server.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace airlock::test {

// What happens to requests of this method with this in their target, so many times.
struct Fault {
    std::string method = {};  // empty: any
    std::string in_target = {};
    int times = 1;
    // Answered by the proxy: the registry does not hear of it.
    std::optional<ServerReply> instead = std::nullopt;
    // And so before the body of the request was read.
    bool early = false;
    // Else the registry's own answer, changed.
    std::function<void(ServerReply&)> change = {};
};

class FaultProxy {
  public:
    FaultProxy(std::string upstream, std::vector<Fault> faults);

    std::string address() const { return server_.address(); }
    const HttpServer& server() const { return server_; }
    // True when every fault happened as often as it was to.
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
