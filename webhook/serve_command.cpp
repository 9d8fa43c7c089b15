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

// Waits a moment; true when SIGHUP came in it.
bool wait_for_reload_signal(std::chrono::milliseconds moment) {
    const auto set = reload_signal();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(moment);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(moment - seconds).count()};
    return sigtimedwait(&set, nullptr, &time) == SIGHUP;
}

void check_processor() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul")) {
        throw Error(Errc::unsupported,
                    "this machine's processor is too old: it lacks SSE 4.2 or PCLMUL")
            .set_hint(
                "run the webhook on a node whose processor was made after 2010, or let the virtual "
                "machine "
                "show its host's processor");
    }
#endif
}

// A large body is memory of its own and goes back with it. By default glibc learns from the first
// one to keep the next in its heap, whose holes then stay with the process.
void give_large_blocks_back() {
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
    give_large_blocks_back();
    const auto [address, port] = parse_listen(options.listen, "--listen");
    const auto [metrics_address, metrics_port] =
        parse_listen(options.metrics_listen, "--metrics-listen");
    ServiceState state;
    Reloader reloader(
        {.certificate = options.tls_cert, .key = options.tls_key, .policy = options.policy}, state);
    reloader.look();
    HttpsServer server({.threads = options.threads},
                       {{.address = address,
                         .port = port,
                         .tls = true,
                         .make_handler = [&] { return make_admission_handler(state); }},
                        {.address = metrics_address,
                         .port = metrics_port,
                         .tls = false,
                         .make_handler = [&] { return make_metrics_handler(state); }}},
                       state.tls);
    base::log_info("serving https on {}:{} and metrics on {}:{}", address, server.port(0),
                   metrics_address, server.port(1));

    constexpr std::chrono::milliseconds kTick{100};
    constexpr int kTicksPerLook = 20;  // two seconds: a stat(2) of three files
    for (int tick = 1; !stop.stop_requested(); ++tick) {
        const bool asked = wait_for_reload_signal(kTick);
        if (asked || tick % kTicksPerLook == 0) reloader.look(asked);
    }

    state.ending = true;
    server.begin_shutdown();
    base::log_info("serving {} s more, until no request is sent here", options.drain_seconds);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.drain_seconds);
    while (std::chrono::steady_clock::now() < end)
        wait_for_reload_signal(kTick);
    if (!server.drain(std::chrono::seconds(options.grace_seconds))) {
        base::log_warn("connections were still open after {} s of grace", options.grace_seconds);
    }
    base::log_info("ended");
    return base::ExitCode::done;
}

std::pair<std::string, std::uint16_t> parse_listen(std::string_view text, std::string_view flag) {
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    const auto digits = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size()) {
        throw Error(Errc::usage, "{} \"{}\" is not ADDR:PORT", flag, text)
            .set_hint("write an IP address and a port, as 0.0.0.0:8443 or [::]:8443");
    }
    auto address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
        address = address.substr(1, address.size() - 2);
    }
    return {address.empty() ? "0.0.0.0" : std::string(address), port};
}

}  // namespace airlock::webhook
