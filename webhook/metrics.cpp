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

// Label values come from requests: the three letters that the format gives a meaning are escaped.
std::string label(std::string_view value) {
    std::string out;
    for (const char letter : value) {
        if (letter == '\n') {
            out += "\\n";
            continue;
        }
        if (letter == '"' || letter == '\\') out += '\\';
        out += letter;
    }
    return out;
}

}  // namespace

void Metrics::record(const Mutation& mutation, std::chrono::nanoseconds took,
                     Clock::time_point now) {
    ++outcomes_.at(static_cast<std::size_t>(mutation.outcome));
    if (mutation.doubt != Doubt::none) ++doubts_.at(static_cast<std::size_t>(mutation.doubt));
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
    ++latency_.at(static_cast<std::size_t>(bound));
    latency_nanoseconds_ += static_cast<std::uint64_t>(took.count());
    if (mutation.foreign_change) ++foreign_;
    for (const auto& resource : mutation.resources) {
        if (resource.rule == Rule::implausible) ++implausible_;
    }
    if (!mutation.dry_run && !mutation.resources.empty()) remember(mutation, now);
}

void Metrics::remember(const Mutation& mutation, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    auto at = nodes_.find(mutation.node);
    if (at == nodes_.end()) {
        if (nodes_.size() >= kMaxNodes) {
            std::erase_if(
                nodes_, [&](const auto& entry) { return now - entry.second.seen > kNodeLifetime; });
        }
        if (nodes_.size() >= kMaxNodes) return;
        at = nodes_.emplace(mutation.node, NodeValues{}).first;
    }
    at->second.seen = now;
    const bool only_noted =
        mutation.outcome == Outcome::observed || mutation.outcome == Outcome::doubt;
    for (const auto& resource : mutation.resources) {
        auto entry = at->second.resources.find(resource.resource);
        if (entry == at->second.resources.end()) {
            entry = at->second.resources.emplace(resource.resource, Values{}).first;
        }
        entry->second = {.raw = to_double(resource.raw),
                         .applied = to_double(only_noted ? resource.before : resource.after),
                         .ratio = resource.ratio.approximate()};
    }
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
    begin(out, "node_oversell_doubts_total", "counter",
          "Requests let pass untouched because of a doubt, by reason.");
    for (std::size_t i = 1; i < kDoubts; ++i) {
        fmt::format_to(to, "node_oversell_doubts_total{{reason=\"{}\"}} {}\n",
                       to_string(static_cast<Doubt>(i)), read(doubts_[i]));
    }
    begin(out, "node_oversell_request_duration_seconds", "histogram",
          "Time from a review's last byte to its answer.");
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
           "Heartbeats whose write the API server was spared.",
           read(outcomes_[static_cast<std::size_t>(Outcome::suppressed)]));
    single(out, "node_oversell_implausible_raw_total", "counter",
           "Values above capacity, left alone because the real value is not known.",
           read(implausible_));
    single(out, "node_oversell_foreign_changes_total", "counter",
           "Requests of others than the kubelet that changed an oversold resource.",
           read(foreign_));
    single(out, "node_oversell_policy_loads_total", "counter", "Policies taken into force.",
           read(policy_loads_));
    single(out, "node_oversell_policy_errors_total", "counter",
           "Policies refused; the last good one stays.", read(policy_errors_));
    single(out, "node_oversell_policy_good", "gauge",
           "1 when the policy file is the policy in force.", policy_good_ ? 1 : 0);
    single(out, "node_oversell_certificate_errors_total", "counter",
           "Certificates refused; the last good one stays.", read(certificate_errors_));
    single(out, "node_oversell_certificate_expiry_timestamp_seconds", "gauge",
           "When the serving certificate ends.", certificate_expiry_);
    single(out, "node_oversell_connections", "gauge", "Open connections.", connections_);
    const std::lock_guard lock(mutex_);
    begin(out, "node_oversell_policy_info", "gauge", "The generation of the policy in force.");
    if (!policy_generation_.empty()) {
        fmt::format_to(to, "node_oversell_policy_info{{generation=\"{}\"}} 1\n",
                       policy_generation_);
    }
    begin(out, "node_oversell_refused_requests_total", "counter",
          "HTTP requests refused, by status.");
    for (const auto& [status, refused] : refused_) {
        fmt::format_to(to, "node_oversell_refused_requests_total{{code=\"{}\"}} {}\n", status,
                       refused);
    }
    write_nodes(out, now);
    return out;
}

void Metrics::write_nodes(std::string& out, Clock::time_point now) {
    std::erase_if(nodes_,
                  [&](const auto& entry) { return now - entry.second.seen > kNodeLifetime; });
    const auto series = [&](std::string_view name, std::string_view help, auto member) {
        begin(out, name, "gauge", help);
        for (const auto& [node, values] : nodes_) {
            for (const auto& [resource, value] : values.resources) {
                fmt::format_to(std::back_inserter(out), "{}{{node=\"{}\",resource=\"{}\"}} {}\n",
                               name, label(node), label(resource), value.*member);
            }
        }
    };
    series("node_oversell_raw", "The real allocatable, in the resource's unit.", &Values::raw);
    series("node_oversell_applied", "The allocatable after the webhook.", &Values::applied);
    series("node_oversell_ratio", "The ratio in force.", &Values::ratio);
}

}  // namespace airlock::webhook
