#include "webhook/serve_command.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "webhook/endpoints.hpp"
#include "webhook/reloader.hpp"

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>

namespace airlock::webhook {

using base::Errc;
using base::Error;

namespace {

sigset_t reload_signal() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    return set;
}

// Waits for `timeout`; true if SIGHUP arrived before.
bool wait_for_reload_signal(std::chrono::milliseconds timeout) {
    const auto set = reload_signal();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(timeout - seconds).count()};
    return sigtimedwait(&set, nullptr, &time) == SIGHUP;
}

void check_processor() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) {
        throw Error(Errc::unsupported,
                    "the processor of this machine is not supported: it lacks SSE 4.2 or PCLMUL")
            .set_hint(
                "run the webhook on a machine with a processor made after 2010, or configure the "
                "virtual machine to expose the features of the host's processor");
    }
#endif
}

// Large bodies get memory mappings of their own, which are returned to the system when freed. By
// default glibc raises its threshold after the first one and puts the next on the heap, which then
// stays fragmented.
void return_large_blocks_to_system() {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
#endif
}

}  // namespace

unsigned default_threads(unsigned processors) {
    return std::clamp(processors / 2, 1U, 4U);
}

void block_reload_signal() {
    const auto set = reload_signal();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

base::ExitCode serve(const ServeOptions& options, const std::stop_token& stop) {
    check_processor();
    return_large_blocks_to_system();
    const auto [address, port] = parse_listen(options.listen, "--listen");
    const auto [metrics_address, metrics_port] =
        parse_listen(options.metrics_listen, "--metrics-listen");
    ServiceState state;
    state.requires_client_certificate = !options.client_ca.empty();
    Reloader reloader({.certificate = options.tls_cert,
                       .key = options.tls_key,
                       .policy = options.policy,
                       .client_ca = options.client_ca},
                      state);
    reloader.reload_changed();
    HttpsServer server({.threads = options.threads},
                       {{.address = address,
                         .port = port,
                         .tls = true,
                         .make_handler = [&] { return make_admission_handler(state); }}},
                       state.tls);
    // With threads and connections of its own: whoever scrapes metrics delays no review.
    constexpr ConnectionLimits kScrapers{.total = 32, .unproven = 32, .unproven_per_address = 16};
    HttpsServer metrics({.threads = 1, .connections = kScrapers},
                        {{.address = metrics_address,
                          .port = metrics_port,
                          .tls = false,
                          .make_handler = [&] { return make_metrics_handler(state); }}},
                        state.tls);
    base::log_info("serving HTTPS on {}:{} and metrics on {}:{}", address, server.port(0),
                   metrics_address, metrics.port(0));

    constexpr std::chrono::milliseconds kTick{100};
    constexpr int kTicksPerCheck = 20;  // every two seconds
    for (int tick = 1; !stop.stop_requested(); ++tick) {
        const bool signaled = wait_for_reload_signal(kTick);
        if (signaled || tick % kTicksPerCheck == 0) reloader.reload_changed(signaled);
    }

    state.shutting_down = true;
    server.begin_shutdown();
    base::log_info("shutting down: serving for another {} s", options.drain_seconds);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.drain_seconds);
    while (std::chrono::steady_clock::now() < end)
        wait_for_reload_signal(kTick);
    if (!server.drain(std::chrono::seconds(options.grace_seconds))) {
        base::log_warn("connections were still open after the grace period of {} s",
                       options.grace_seconds);
    }
    base::log_info("shut down");
    return base::ExitCode::done;
}

std::pair<std::string, std::uint16_t> parse_listen(std::string_view text, std::string_view flag) {
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    const auto digits = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size()) {
        throw Error(Errc::usage, "{}: \"{}\" is not a valid ADDRESS:PORT", flag, text)
            .set_hint("use an IP address and a port, for example 0.0.0.0:8443 or [::]:8443");
    }
    auto address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
    }
    return {address.empty() ? "0.0.0.0" : std::string(address), port};
}

}  // namespace airlock::webhook
