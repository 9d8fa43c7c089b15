// The command "serve": runs the webhook server. It needs no access to the API server.
#pragma once

#include "base/program.hpp"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace airlock::webhook {

// The number of threads for a machine with `processors`: half of them, from 1 to 4. The webhook
// often shares its machine with the API server, and more threads than free processors delay
// answers. One thread answers more than 10,000 heartbeats per second.
unsigned default_threads(unsigned processors);

struct ServeOptions {
    std::string listen = "0.0.0.0:8443";
    std::string metrics_listen = "0.0.0.0:8080";
    std::string tls_cert;
    std::string tls_key;
    std::string policy;
    std::string client_ca;  // empty: clients need no certificate
    unsigned threads = default_threads(std::thread::hardware_concurrency());
    unsigned drain_seconds = 10;  // keeps serving after SIGTERM, until no client is sent here
    unsigned grace_seconds = 10;  // then waits at most this long for requests in progress
};

// Blocks SIGHUP for the whole process, so that serve() can wait for it. Call before threads start.
void block_reload_signal();

// Serves until `stop` is requested, then shuts down gracefully.
base::ExitCode serve(const ServeOptions& options, const std::stop_token& stop);

// "ADDR:PORT", "[ADDR6]:PORT" or ":PORT". Errc::usage, naming the flag, for anything else.
std::pair<std::string, std::uint16_t> parse_listen(std::string_view text, std::string_view flag);

}  // namespace airlock::webhook
