#include "installer/readiness.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <optional>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::size_t kMaxReasons = 20;

long number(const Json& object, std::initializer_list<std::string_view> path, long fallback = 0) {
    const auto* value = base::find_path(object, path);
    return value != nullptr && value->is_number_integer() ? value->get<long>() : fallback;
}

// The controller has seen the newest spec.
bool observed(const Json& live) {
    return number(live, {"status", "observedGeneration"}) >=
           number(live, {"metadata", "generation"});
}

Readiness replicas(const Json& live, long wanted, std::string_view updated_key) {
    const auto updated = number(live, {"status", updated_key});
    const auto ready = number(live, {"status", "readyReplicas"});
    const auto total = number(live, {"status", "replicas"});
    if (!observed(live))
        return {.ready = false, .failed = false, .reason = "its controller has not seen it yet"};
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
                .reason = fmt::format("{} old replicas are still there", total - wanted)};
    return {.ready = true, .failed = false, .reason = "ready"};
}

Readiness daemon_set(const Json& live) {
    const auto wanted = number(live, {"status", "desiredNumberScheduled"});
    const auto ready = number(live, {"status", "numberReady"});
    const auto updated = number(live, {"status", "updatedNumberScheduled"});
    if (!observed(live))
        return {.ready = false, .failed = false, .reason = "its controller has not seen it yet"};
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

// Why a job gave up; nothing when it has not.
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

// What a pod's containers say of themselves.
void pod_reasons(const Json& pod, std::vector<std::string>& out) {
    const auto name = base::text_at(pod, {"metadata", "name"});
    for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
        const auto* statuses = base::find_path(pod, {"status", list});
        if (statuses == nullptr) continue;
        for (const auto& status : *statuses) {
            for (const auto& [where, state] : {std::pair{"state", "waiting"},
                                               {"state", "terminated"},
                                               {"lastState", "terminated"}}) {
                const auto* said = base::find_path(status, {where, state});
                if (said == nullptr) continue;
                out.push_back(fmt::format("pod {}: container {} is {}: {} {}", name,
                                          base::get_string(status, "name", name), state,
                                          base::get_string(*said, "reason", name),
                                          base::get_string(*said, "message", name)));
                break;
            }
        }
    }
    if (const auto* conditions = base::find_path(pod, {"status", "conditions"})) {
        for (const auto& entry : *conditions) {
            if (base::get_string(entry, "type", name) == "PodScheduled" &&
                base::get_string(entry, "status", name) == "False") {
                out.push_back(fmt::format("pod {} is not scheduled: {}", name,
                                          base::get_string(entry, "message", name)));
            }
        }
    }
}

std::string label_query(const Json& live) {
    std::string selector;
    if (const auto* labels = base::find_path(live, {"spec", "selector", "matchLabels"})) {
        for (const auto& [key, value] : labels->items()) {
            if (!value.is_string()) continue;
            if (!selector.empty()) selector += ",";
            selector += key + "=" + value.get<std::string>();
        }
    }
    return selector.empty() ? selector : "labelSelector=" + base::percent_encode(selector);
}

std::vector<std::string> reasons_of(KubeClient& client, const ObjectKey& key, const Json& live) {
    std::vector<std::string> out;
    try {
        if (const auto query = label_query(live); !query.empty()) {
            for (const auto& pod : client.list("v1", "Pod", key.namespace_name, query))
                pod_reasons(pod, out);
        }
        for (const auto& event :
             client.list("v1", "Event", key.namespace_name, "fieldSelector=type%3DWarning")) {
            const auto* object = base::find(event, "involvedObject");
            const auto name =
                object == nullptr ? std::string() : base::get_string(*object, "name", "an event");
            if (name.starts_with(key.name))
                out.push_back(fmt::format("event on {}: {}", name,
                                          base::get_string(event, "message", "an event")));
        }
    } catch (const Error& error) {
        out.push_back(fmt::format("(the pods could not be asked: {})", error.what()));
    }
    if (out.size() > kMaxReasons) out.resize(kMaxReasons);
    return out;
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
            return {.ready = false, .failed = true, .reason = "the job failed: " + *message};
        }
        return condition(live, "Complete");
    }
    return {.ready = true, .failed = false, .reason = "there"};
}

void wait_until_ready(KubeClient& client, const std::vector<ObjectKey>& keys,
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
                     : Readiness{.ready = false, .failed = false, .reason = "not there"};
            if (!state.ready) missing += fmt::format("\n  {}: {}", key.text(), state.reason);
            failed = failed || state.failed;
            return state.ready;
        });
        if (waiting.empty()) return;
        if (failed || std::chrono::steady_clock::now() >= deadline) {
            for (const auto& key : waiting) {
                if (const auto live = client.get(key)) {
                    for (const auto& reason : reasons_of(client, key, *live))
                        missing += "\n    " + reason;
                }
            }
            if (failed) {
                throw Error(Errc::remote, "will not become ready:{}", missing)
                    .set_hint("mend what the lines above name");
            }
            throw Error(Errc::timeout, "not ready after {} s:{}", timeout.count(), missing)
                .set_hint(
                    "mend what the lines above name; a slow cluster gets more time with --timeout "
                    "SECONDS");
        }
        if (!base::sleep_for(kLookEvery, stop)) throw Error(Errc::cancelled, "stopped on request");
    }
}

}  // namespace airlock::installer
