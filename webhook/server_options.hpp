// What a client of HttpsServer may cost: sizes in bytes, times, numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace airlock::webhook {

struct ServerOptions {
    unsigned threads = 2;
    std::size_t max_connections = 512;
    std::uint32_t max_header = 16 * 1024;
    std::uint64_t max_body = 7ULL * 1024 * 1024;
    // Bodies larger than a usual review share a budget; who finds it used up gets 503, while
    // reviews of the usual size are answered all the same. A byte of them costs six: itself and
    // what the parser makes of it. With the connections' own buffers the sum stays below the memory
    // limit in the kit's Deployment.
    std::uint64_t large_body = 128ULL * 1024;
    std::uint64_t max_large_bodies = 64ULL * 1024 * 1024;
    std::uint64_t cost_of_byte = 6;
    std::chrono::milliseconds handshake_time{5000};
    // From a request's first byte to its last; and for the client to take the reply.
    std::chrono::milliseconds request_time{10000};
    // Longer than the 90 s of the API server's client, so that it is never the server who closes a
    // connection that the client is about to use.
    std::chrono::milliseconds idle_time{300000};
};

}  // namespace airlock::webhook
