// Whether an applied object is ready. Why it is not is in diagnosis.hpp. Never changes an object.
#pragma once

#include "kubernetes/client.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace airlock::kubernetes {

struct Readiness {
    bool ready = false;
    bool failed = false;  // will not become ready by waiting
    std::string reason;   // "1 of 2 replicas ready"
};

// Pure: Deployment, DaemonSet, StatefulSet, Job, Pod, CustomResourceDefinition (Established),
// APIService (Available), Certificate and Issuer of cert-manager (Ready); other kinds are ready
// when they exist.
Readiness readiness_of(const Json& live);

// Waits until all are ready. Errc::timeout after `timeout`, and Errc::remote immediately when one
// has failed permanently, with the diagnosis of each.
void wait_until_ready(Client& client, const std::vector<ObjectKey>& keys,
                      std::chrono::seconds timeout, const std::stop_token& stop);

}  // namespace airlock::kubernetes
