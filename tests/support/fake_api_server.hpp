// An API server whose responses a test defines, for responses that the real one does not give on
// demand.
#pragma once

#include "kubernetes/client.hpp"
#include "tests/support/http_server.hpp"

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace airlock::test {

class FakeApiServer {
  public:
    // Serves the kinds of "v1", "apps/v1" and "batch/v1" that tests use.
    FakeApiServer();

    // Sets the response to any request for `path`, with any query.
    void put(const std::string& path, const std::string& body, int status = 200);
    // The next request fails with `status`, whatever it is.
    void fail_next(int status);
    kubernetes::Client client(kubernetes::Kubeconfig config = {}) const;
    std::string url() const { return server_.url(); }
    std::size_t count(const std::string& method, const std::string& in_target) const {
        return server_.count(method, in_target);
    }
    std::vector<ServerRequest> requests() const { return server_.requests(); }

  private:
    std::mutex mutex_;
    int fail_next_ = 0;
    std::map<std::string, std::pair<int, std::string>> answers_;
    HttpServer server_;
};

}  // namespace airlock::test
