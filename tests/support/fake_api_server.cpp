#include "tests/support/fake_api_server.hpp"

namespace airlock::test {
namespace {

using base::Json;

std::string kinds(const std::vector<std::pair<std::string, std::string>>& resources) {
    auto list = Json::array();
    for (const auto& [plural, kind] : resources) {
        const bool namespaced = kind != "Node" && kind != "Namespace";
        list.push_back({{"name", plural}, {"kind", kind}, {"namespaced", namespaced}});
    }
    return Json{{"resources", std::move(list)}}.dump();
}

}  // namespace

FakeApiServer::FakeApiServer()
    : answers_{
          {"/api", {200, R"({"versions": ["v1"]})"}},
          {"/apis",
           {200, R"({"groups": [{"versions": [{"groupVersion": "apps/v1"}]},
                               {"versions": [{"groupVersion": "batch/v1"}]}]})"}},
          {"/api/v1",
           {200, kinds({{"pods", "Pod"},
                        {"events", "Event"},
                        {"secrets", "Secret"},
                        {"configmaps", "ConfigMap"},
                        {"services", "Service"},
                        {"serviceaccounts", "ServiceAccount"},
                        {"namespaces", "Namespace"},
                        {"nodes", "Node"},
                        {"endpoints", "Endpoints"}})}},
          {"/apis/apps/v1", {200, kinds({{"deployments", "Deployment"}, {"replicasets", "ReplicaSet"}})}},
          {"/apis/batch/v1", {200, kinds({{"jobs", "Job"}})}},
      },
      server_([this](const ServerRequest& request) {
          const std::lock_guard lock(mutex_);
          if (const auto status = std::exchange(fail_next_, 0))
              return ServerReply{.status = status};
          const auto at = answers_.find(request.path());
          if (at == answers_.end())
              return ServerReply{.status = 404, .body = R"({"message": "not found"})"};
          return ServerReply{.status = at->second.first, .body = at->second.second};
      }) {}

void FakeApiServer::put(const std::string& path, const std::string& body, int status) {
    const std::lock_guard lock(mutex_);
    answers_[path] = {status, body};
}

void FakeApiServer::fail_next(int status) {
    const std::lock_guard lock(mutex_);
    fail_next_ = status;
}

kubernetes::Client FakeApiServer::client(kubernetes::Kubeconfig config) const {
    config.server = server_.url();
    config.description = "a test";
    return kubernetes::Client(std::move(config), {});
}

}  // namespace airlock::test
