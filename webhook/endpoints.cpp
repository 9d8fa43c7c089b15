#include "webhook/endpoints.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "webhook/mutator.hpp"

#include <array>
#include <chrono>

namespace airlock::webhook {
namespace {

Reply not_found() {
    return {.status = 404, .body = "not found\n"};
}

std::optional<Reply> get_only(const RequestHead& head) {
    if (head.method == "GET") return std::nullopt;
    return Reply{.status = 405, .body = "only GET is allowed\n", .allow = "GET"};
}

Reply health(const ServiceState& state, std::string_view path) {
    if (path == "/livez") return {.body = "ok"};
    if (state.ready()) return {.body = "ok"};
    std::string why;
    if (state.policy.get() == nullptr) why += "no policy is loaded\n";
    if (state.tls.get() == nullptr) why += "no certificate is loaded\n";
    if (state.shutting_down) why += "shutting down\n";
    return {.status = 503, .body = std::move(why)};
}

bool is_health(std::string_view path) {
    return path == "/readyz" || path == "/livez";
}

bool is_json(std::string_view content_type) {
    constexpr std::string_view kJson = "application/json";
    return content_type.starts_with(kJson) &&
           (content_type.size() == kJson.size() || content_type[kJson.size()] == ';' ||
            content_type[kJson.size()] == ' ');
}

class AdmissionHandler final : public RequestHandler {
  public:
    explicit AdmissionHandler(ServiceState& state) : state_(state) {}

    std::optional<Reply> refuse(const RequestHead& head) override {
        if (is_health(head.path)) return get_only(head);
        if (head.path != "/mutate") return not_found();
        if (head.method != "POST")
            return Reply{.status = 405, .body = "only POST is allowed\n", .allow = "POST"};
        if (!is_json(head.content_type))
            return Reply{.status = 415, .body = "the content type must be application/json\n"};
        return std::nullopt;
    }

    Reply handle(const RequestHead& head, std::string& body) override {
        if (is_health(head.path)) return health(state_, head.path);
        auto reply = answer(body);
        parser_.shrink();
        return reply;
    }

    void refused(unsigned status) override { state_.metrics.record_refused(status); }
    void connections_changed(int by) override { state_.metrics.record_connections(by); }

  private:
    Reply answer(std::string& body) {
        const auto begin = Metrics::Clock::now();
        const auto policy = state_.policy.get();
        try {
            auto mutation =
                mutate(parser_, body, policy.get(),
                       std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
                       &state_.report_intervals);
            const auto end = Metrics::Clock::now();
            state_.metrics.record(mutation, end - begin, end);
            if (mutation.first_skip_reason() != SkipReason::none) report(mutation, end);
            return {.content_type = "application/json",
                    .body = std::move(mutation.answer),
                    .proves_client = true};
        } catch (const base::Error& problem) {
            refused(400);
            return {.status = 400, .body = std::string(problem.what()) + '\n'};
        }
    }

    // A skipped node sends a request every 10 s, and there may be thousands: log each reason now
    // and then only.
    void report(const Mutation& mutation, Metrics::Clock::time_point now) {
        const auto reason = mutation.first_skip_reason();
        auto& last = reported_.at(static_cast<std::size_t>(reason));
        if (last != Metrics::Clock::time_point() && now - last < std::chrono::seconds(30)) return;
        last = now;
        base::log_warn("node {}: skipped ({}): {}", mutation.node, to_string(reason),
                       mutation.detail);
    }

    ServiceState& state_;
    ReviewParser parser_;
    std::array<Metrics::Clock::time_point, kSkipReasons> reported_{};
};

class MetricsHandler final : public RequestHandler {
  public:
    explicit MetricsHandler(ServiceState& state) : state_(state) {}

    std::optional<Reply> refuse(const RequestHead& head) override {
        if (is_health(head.path) || head.path == "/metrics") return get_only(head);
        return not_found();
    }

    Reply handle(const RequestHead& head, std::string&) override {
        if (is_health(head.path)) return health(state_, head.path);
        return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
                .body = state_.metrics.text(Metrics::Clock::now())};
    }

    void refused(unsigned) override {}
    void connections_changed(int) override {}

  private:
    ServiceState& state_;
};

}  // namespace

std::unique_ptr<RequestHandler> make_admission_handler(ServiceState& state) {
    return std::make_unique<AdmissionHandler>(state);
}

std::unique_ptr<RequestHandler> make_metrics_handler(ServiceState& state) {
    return std::make_unique<MetricsHandler>(state);
}

}  // namespace airlock::webhook
