// The API versions and kinds that a cluster serves. Reads each once and caches it; never notices a
// change until forget(). Thread-safe.
#pragma once

#include "kubernetes/transport.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace airlock::kubernetes {

// A kind, as discovery describes it.
struct ApiResource {
    std::string plural;  // deployments
    bool namespaced = false;
    std::set<std::string> verbs;
};

// "/api/v1", "/apis/apps/v1"
std::string api_path(const std::string& api_version);

class Discovery {
  public:
    explicit Discovery(Transport& transport) : transport_(transport) {}

    // "v1", "policy/v1", …
    std::set<std::string> group_versions();
    // Absent when the server does not serve the kind.
    std::optional<ApiResource> find_resource(const std::string& api_version,
                                             const std::string& kind);
    // Namespaced kinds that can be listed and deleted (pod metrics, for example, cannot), each in
    // the preferred version of its group, as {"apps/v1", "Deployment"}.
    std::vector<std::pair<std::string, std::string>> namespaced_kinds();
    void forget();

  private:
    // REQUIRES: mutex_ is held.
    const std::map<std::string, ApiResource>& kinds_of(const std::string& api_version);

    Transport& transport_;
    std::mutex mutex_;
    std::optional<std::set<std::string>> versions_;
    std::map<std::string, std::map<std::string, ApiResource>>
        kinds_;  // by group version, then kind
};

}  // namespace airlock::kubernetes
