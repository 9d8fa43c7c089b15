// What the server answers: POST /mutate, GET /readyz and /livez over TLS; GET /metrics, /readyz and
// /livez on the plain port. Ready means: a policy and a certificate are loaded, and the process is
// not about to end.
#pragma once

#include "webhook/certificate.hpp"
#include "webhook/https_server.hpp"
#include "webhook/metrics.hpp"
#include "webhook/policy.hpp"
#include "webhook/shared_value.hpp"

#include <atomic>
#include <memory>

namespace airlock::webhook {

// Shared by all threads of one server; outlives it.
struct ServiceState {
    SharedValue<const Policy> policy;
    SharedValue<TlsContext> tls;
    Metrics metrics;
    std::atomic<bool> ending{false};

    bool ready() const { return !ending && policy.get() != nullptr && tls.get() != nullptr; }
};

std::unique_ptr<RequestHandler> make_admission_handler(ServiceState& state);
std::unique_ptr<RequestHandler> make_metrics_handler(ServiceState& state);

}  // namespace airlock::webhook
