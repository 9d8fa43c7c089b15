// The command "serve": the webhook as it runs in the cluster. Needs no access to the API server.
#pragma once

#include "base/program.hpp"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace airlock::webhook {

// Event loops for a machine of so many processors: half of them, from 1 to 4. The webhook runs
// where the API server does; more threads than processors to run them on make single answers late.
// One thread answers more than 10,000 heartbeats a second.
unsigned default_threads(unsigned processors);

struct ServeOptions {
    std::string listen = "0.0.0.0:8443";
    std::string metrics_listen = "0.0.0.0:8080";
    std::string tls_cert;
    std::string tls_key;
    std::string policy;
    unsigned threads = default_threads(std::thread::hardware_concurrency());
    unsigned drain_seconds =
        10;  // still serving after SIGTERM, until the cluster sends nothing more
    unsigned grace_seconds = 10;  // then at most this long for requests under way
};

// Blocks SIGHUP for the whole process, so that serve() can wait for it. Before any thread starts.
void block_reload_signal();

// Until `stop`; then drains.
base::ExitCode serve(const ServeOptions& options, const std::stop_token& stop);

// "ADDR:PORT", "[ADDR6]:PORT" or ":PORT". Errc::usage, naming the flag.
std::pair<std::string, std::uint16_t> parse_listen(std::string_view text, std::string_view flag);

}  // namespace airlock::webhook
