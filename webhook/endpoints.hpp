// The endpoints: POST /mutate, GET /readyz and GET /livez over HTTPS; GET /metrics, GET /readyz and
// GET /livez over HTTP. Ready means that a policy and a certificate are loaded and that the process
// is not shutting down.
#pragma once

#include "webhook/certificate.hpp"
#include "webhook/https_server.hpp"
#include "webhook/metrics.hpp"
#include "webhook/policy.hpp"
#include "webhook/shared_value.hpp"

#include <atomic>
#include <memory>

namespace airlock::webhook {

// Shared by all threads of a server, and must outlive it.
struct ServiceState {
    SharedValue<const Policy> policy;
    SharedValue<TlsContext> tls;
    Metrics metrics;
    ReportIntervals report_intervals;
    std::atomic<bool> shutting_down{false};

    bool ready() const { return !shutting_down && policy.get() != nullptr && tls.get() != nullptr; }
};

std::unique_ptr<RequestHandler> make_admission_handler(ServiceState& state);
std::unique_ptr<RequestHandler> make_metrics_handler(ServiceState& state);

}  // namespace airlock::webhook
