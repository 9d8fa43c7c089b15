#include "kubernetes/readiness.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "kubernetes/diagnosis.hpp"

#include <algorithm>
#include <optional>

namespace airlock::kubernetes {
namespace {

using base::Errc;
using base::Error;

constexpr std::chrono::milliseconds kPollInterval{500};

long number(const Json& object, std::initializer_list<std::string_view> path, long fallback = 0) {
    const auto* value = base::find_path(object, path);
    return value != nullptr && value->is_number_integer() ? value->get<long>() : fallback;
}

// Whether the controller has observed the newest spec.
bool observed(const Json& live) {
    return number(live, {"status", "observedGeneration"}) >=
           number(live, {"metadata", "generation"});
}

Readiness replicas(const Json& live, long wanted, std::string_view updated_key) {
    const auto updated = number(live, {"status", updated_key});
    const auto ready = number(live, {"status", "readyReplicas"});
    const auto total = number(live, {"status", "replicas"});
    if (!observed(live))
        return {
            .ready = false, .failed = false, .reason = "waiting for its controller to observe it"};
    if (updated < wanted)
        return {.ready = false,
                .failed = false,
                .reason = fmt::format("{} of {} replicas updated", updated, wanted)};
    if (ready < wanted)
        return {.ready = false,
                .failed = false,
                .reason = fmt::format("{} of {} replicas ready", ready, wanted)};
    if (total > wanted)
        return {.ready = false,
                .failed = false,
                .reason = fmt::format("{} old replicas pending termination", total - wanted)};
    return {.ready = true, .failed = false, .reason = "ready"};
}

Readiness daemon_set(const Json& live) {
    const auto wanted = number(live, {"status", "desiredNumberScheduled"});
    const auto ready = number(live, {"status", "numberReady"});
    const auto updated = number(live, {"status", "updatedNumberScheduled"});
    if (!observed(live))
        return {
            .ready = false, .failed = false, .reason = "waiting for its controller to observe it"};
    const bool good = ready >= wanted && updated >= wanted;
    return {.ready = good,
            .failed = false,
            .reason = fmt::format("{} of {} pods ready", std::min(ready, updated), wanted)};
}

Readiness condition(const Json& live, std::string_view type) {
    if (const auto* conditions = base::find_path(live, {"status", "conditions"})) {
        for (const auto& entry : *conditions) {
            if (base::get_string(entry, "type", "a condition") != type) continue;
            const bool good = base::get_string(entry, "status", "a condition") == "True";
            return {.ready = good,
                    .failed = false,
                    .reason = good
                                  ? "ready"
                                  : fmt::format("not {}: {}", type,
                                                base::get_string(entry, "message", "a condition"))};
        }
    }
    return {.ready = false, .failed = false, .reason = fmt::format("not {} yet", type)};
}

// Why a job failed; absent when it has not.
std::optional<std::string> failure(const Json& live) {
    const auto* conditions = base::find_path(live, {"status", "conditions"});
    if (conditions == nullptr) return std::nullopt;
    for (const auto& entry : *conditions) {
        if (base::get_string(entry, "type", "a condition") == "Failed" &&
            base::get_string(entry, "status", "a condition") == "True")
            return base::get_string(entry, "message", "a condition");
    }
    return std::nullopt;
}

}  // namespace

Readiness readiness_of(const Json& live) {
    const auto kind = base::get_string(live, "kind", "an object");
    const auto version = base::get_string(live, "apiVersion", "an object");
    const auto wanted = number(live, {"spec", "replicas"}, 1);
    if (kind == "Deployment") return replicas(live, wanted, "updatedReplicas");
    if (kind == "StatefulSet") return replicas(live, wanted, "updatedReplicas");
    if (kind == "DaemonSet") return daemon_set(live);
    if (kind == "Pod") return condition(live, "Ready");
    if (kind == "CustomResourceDefinition") return condition(live, "Established");
    if (kind == "APIService") return condition(live, "Available");
    if (version.starts_with("cert-manager.io/") &&
        (kind == "Certificate" || kind == "Issuer" || kind == "ClusterIssuer"))
        return condition(live, "Ready");
    if (kind == "Job") {
        if (const auto message = failure(live)) {
            return {.ready = false, .failed = true, .reason = "job failed: " + *message};
        }
        return condition(live, "Complete");
    }
    return {.ready = true, .failed = false, .reason = "exists"};
}

void wait_until_ready(Client& client, const std::vector<ObjectKey>& keys,
                      std::chrono::seconds timeout, const std::stop_token& stop) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto waiting = keys;
    for (;;) {
        std::string missing;
        bool failed = false;
        std::erase_if(waiting, [&](const ObjectKey& key) {
            const auto live = client.get(key);
            const auto state =
                live ? readiness_of(*live)
                     : Readiness{.ready = false, .failed = false, .reason = "not found"};
            if (!state.ready) missing += fmt::format("\n  {}: {}", key.text(), state.reason);
            failed = failed || state.failed;
            return state.ready;
        });
        if (waiting.empty()) return;
        if (failed || std::chrono::steady_clock::now() >= deadline) {
            for (const auto& key : waiting) {
                if (const auto live = client.get(key)) {
                    for (const auto& reason : diagnose(client, *live))
                        missing += "\n    " + reason;
                }
            }
            if (failed) {
                throw Error(Errc::remote, "failed:{}", missing)
                    .set_hint("fix the problems listed above");
            }
            throw Error(Errc::timeout, "not ready after {} s:{}", timeout.count(), missing)
                .set_hint("fix the problems listed above; for a slow cluster, increase --timeout");
        }
        if (!base::sleep_for(kPollInterval, stop))
            throw Error(Errc::cancelled, "stopped on request");
    }
}

}  // namespace airlock::kubernetes
