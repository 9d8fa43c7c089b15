// What a cluster serves: its API versions, and the kinds of each. Read when asked for, and kept.
// Any thread may call.
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

// What discovery says of a kind.
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
    // Nothing when the server does not serve the kind.
    std::optional<ApiResource> find_resource(const std::string& api_version,
                                             const std::string& kind);
    // Kinds of namespaced objects that can be listed and deleted (metrics of pods are no objects),
    // each in the version that the server prefers,
    // as {"apps/v1", "Deployment"}.
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
