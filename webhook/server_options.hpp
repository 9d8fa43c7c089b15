// Limits on what the clients of HttpsServer may consume. Sizes are in bytes.
#pragma once

#include "webhook/connection_slots.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace airlock::webhook {

struct ServerOptions {
    unsigned threads = 2;
    ConnectionLimits connections = {};
    std::uint32_t max_header = 16 * 1024;
    std::uint64_t max_body = 7ULL * 1024 * 1024;
    // Bodies larger than a typical review share a memory budget, which they take as their bytes
    // arrive. When it is used up they get status 503, while smaller ones are still answered. A byte of a body takes six bytes of the budget:
    // itself and what parsing it needs. Together with the buffers of the connections this stays
    // below the memory limit of the kit's Deployment.
    std::uint64_t large_body = 128ULL * 1024;
    std::uint64_t max_large_bodies = 64ULL * 1024 * 1024;
    std::uint64_t cost_of_byte = 6;
    std::chrono::milliseconds handshake_time{5000};
    // From the first byte of a request to its last, and the same for sending the reply.
    std::chrono::milliseconds request_time{10000};
    // Longer than the 90 s of the API server's client, so that the server never closes a connection
    // that the client is about to use.
    std::chrono::milliseconds idle_time{300000};
    // For connections that have not sent a valid review yet: a client connects when it has a
    // request.
    std::chrono::milliseconds unproven_idle_time{10000};
};

}  // namespace airlock::webhook
