#include "webhook/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace airlock::webhook {
namespace {

double to_double(const Quantity& quantity) {
    return static_cast<double>(quantity.nano()) / static_cast<double>(kNanoPerUnit);
}

void begin(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::int64_t value) {
    begin(out, name, type, help);
    fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

std::int64_t read(const std::atomic<std::uint64_t>& counter) {
    return static_cast<std::int64_t>(counter.load(std::memory_order_relaxed));
}

// Label values come from requests: escapes the three characters that are special in the format.
std::string label(std::string_view value) {
    std::string out;
    for (const char character : value) {
        if (character == '\n') {
            out += "\\n";
            continue;
        }
        if (character == '"' || character == '\\') out += '\\';
        out += character;
    }
    return out;
}

}  // namespace

Metrics::Metrics() {
    // Alerts on an increase need the series before the first one.
    for (const auto reason : {SkipReason::no_policy, SkipReason::unreadable_node,
                              SkipReason::no_allocatable, SkipReason::self_check})
        skipped_[{"", reason}] = 0;
}

void Metrics::record(const Mutation& mutation, std::chrono::nanoseconds took,
                     Clock::time_point now) {
    ++outcomes_.at(static_cast<std::size_t>(mutation.outcome));
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
    ++latency_.at(static_cast<std::size_t>(bound));
    latency_nanoseconds_ += static_cast<std::uint64_t>(took.count());
    if (std::ranges::any_of(mutation.resources, &ResourceDecision::foreign)) ++foreign_;
    if (mutation.first_skip_reason() != SkipReason::none) count_skipped(mutation);
    if (!mutation.dry_run && !mutation.resources.empty()) remember(mutation, now);
}

void Metrics::count_skipped(const Mutation& mutation) {
    // Resource names come from policies and nodes: a bound keeps the series few.
    constexpr std::size_t kMaxSeries = 256;
    const std::lock_guard lock(mutex_);
    const auto count = [&](std::string resource, SkipReason reason) {
        if (skipped_.size() >= kMaxSeries && !skipped_.contains({resource, reason}))
            resource = "other";
        ++skipped_[{std::move(resource), reason}];
    };
    if (mutation.skip_reason != SkipReason::none) return count("", mutation.skip_reason);
    for (const auto& resource : mutation.resources) {
        if (resource.skip != SkipReason::none) count(resource.resource, resource.skip);
    }
}

void Metrics::remember(const Mutation& mutation, Clock::time_point now) {
    const bool not_applied =
        mutation.outcome == Outcome::observed || mutation.outcome == Outcome::skipped;
    nodes_.update(mutation.node, now, [&](Resources& resources) {
        for (const auto& resource : mutation.resources) {
            resources[resource.resource] = {
                .raw = to_double(resource.raw),
                .applied = to_double(not_applied ? resource.before : resource.after),
                .ratio = resource.ratio.approximate()};
        }
    });
}

void Metrics::record_refused(unsigned status) {
    const std::lock_guard lock(mutex_);
    ++refused_[status];
}

void Metrics::record_policy(bool good, std::string_view generation) {
    policy_good_ = good;
    if (!good) {
        ++policy_errors_;
        return;
    }
    ++policy_loads_;
    const std::lock_guard lock(mutex_);
    policy_generation_ = generation;
}

void Metrics::record_certificate(bool good, std::chrono::sys_seconds expires) {
    if (good) {
        certificate_expiry_ = expires.time_since_epoch().count();
    } else {
        ++certificate_errors_;
    }
}

std::string Metrics::text(Clock::time_point now) {
    std::string out;
    const auto to = std::back_inserter(out);
    begin(out, "node_oversell_requests_total", "counter", "Admission reviews answered, by result.");
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        fmt::format_to(to, "node_oversell_requests_total{{result=\"{}\"}} {}\n",
                       to_string(static_cast<Outcome>(i)), read(outcomes_[i]));
    }
    begin(out, "node_oversell_request_duration_seconds", "histogram",
          "Time from the last byte of a review to its answer.");
    std::int64_t count = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        count += read(latency_[i]);
        fmt::format_to(to, "node_oversell_request_duration_seconds_bucket{{le=\"{}\"}} {}\n",
                       kBounds[i], count);
    }
    count += read(latency_.back());
    fmt::format_to(to,
                   "node_oversell_request_duration_seconds_bucket{{le=\"+Inf\"}} {}\n"
                   "node_oversell_request_duration_seconds_sum {:.9f}\n"
                   "node_oversell_request_duration_seconds_count {}\n",
                   count, static_cast<double>(read(latency_nanoseconds_)) / 1e9, count);
    single(out, "node_oversell_suppressed_writes_total", "counter",
           "Heartbeats for which the API server did not have to write.",
           read(outcomes_[static_cast<std::size_t>(Outcome::suppressed)]));
    single(out, "node_oversell_foreign_changes_total", "counter",
           "Requests of clients other than the kubelet that changed an oversold resource.",
           read(foreign_));
    single(out, "node_oversell_policy_loads_total", "counter", "Policies loaded.",
           read(policy_loads_));
    single(out, "node_oversell_policy_errors_total", "counter",
           "Policies that were not valid; the last valid one stays active.", read(policy_errors_));
    single(out, "node_oversell_policy_good", "gauge",
           "1 if the policy file is valid and active, 0 otherwise.", policy_good_ ? 1 : 0);
    single(out, "node_oversell_certificate_errors_total", "counter",
           "Certificates that were not valid; the last valid one stays active.",
           read(certificate_errors_));
    single(out, "node_oversell_certificate_expiry_timestamp_seconds", "gauge",
           "When the serving certificate expires.", certificate_expiry_);
    single(out, "node_oversell_connections", "gauge", "Open connections.", connections_);
    std::unique_lock lock(mutex_);
    begin(out, "node_oversell_policy_info", "gauge", "The generation of the active policy.");
    if (!policy_generation_.empty()) {
        fmt::format_to(to, "node_oversell_policy_info{{generation=\"{}\"}} 1\n",
                       policy_generation_);
    }
    begin(out, "node_oversell_refused_requests_total", "counter",
          "HTTP requests rejected, by status.");
    for (const auto& [status, refused] : refused_) {
        fmt::format_to(to, "node_oversell_refused_requests_total{{code=\"{}\"}} {}\n", status,
                       refused);
    }
    begin(out, "node_oversell_skipped_total", "counter",
          "Resources of nodes, or whole requests (resource \"\"), that could not be decided safely "
          "and keep what is recorded, by reason.");
    for (const auto& [key, times] : skipped_) {
        fmt::format_to(to, "node_oversell_skipped_total{{resource=\"{}\",reason=\"{}\"}} {}\n",
                       label(key.first), to_string(key.second), times);
    }
    lock.unlock();
    write_nodes(out, now);
    return out;
}

void Metrics::write_nodes(std::string& out, Clock::time_point now) {
    const auto all = nodes_.values(now);
    const auto series = [&](std::string_view name, std::string_view help, auto member) {
        begin(out, name, "gauge", help);
        for (const auto& [node, resources] : all) {
            for (const auto& [resource, value] : resources) {
                fmt::format_to(std::back_inserter(out), "{}{{node=\"{}\",resource=\"{}\"}} {}\n",
                               name, label(node), label(resource), value.*member);
            }
        }
    };
    series("node_oversell_raw", "The real allocatable, in the resource's unit.", &Values::raw);
    series("node_oversell_applied", "The allocatable after the webhook.", &Values::applied);
    series("node_oversell_ratio", "The active ratio.", &Values::ratio);
}

}  // namespace airlock::webhook
