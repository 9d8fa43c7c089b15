// When an object that was applied is at work. Why one is not is in diagnosis.hpp.
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
// APIService (Available), cert-manager's Certificate and Issuer (Ready); other kinds are ready when
// they exist.
Readiness readiness_of(const Json& live);

// Waits until all are ready. Errc::timeout after `timeout`, and Errc::remote at once when one
// failed for good, listing for each what is missing, and why.
void wait_until_ready(Client& client, const std::vector<ObjectKey>& keys,
                      std::chrono::seconds timeout, const std::stop_token& stop);

}  // namespace airlock::kubernetes
