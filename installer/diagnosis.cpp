#include "installer/diagnosis.hpp"

#include "base/error.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace airlock::installer {
namespace {

using base::Error;
using base::text_at;

constexpr std::size_t kMaxReasons = 20;
constexpr int kLogLines = 8;
constexpr std::string_view kRevision = "deployment.kubernetes.io/revision";
constexpr std::string_view kTemplateHash = "pod-template-hash";

const Json& items_at(const Json& object, std::initializer_list<std::string_view> path) {
    static const Json kNone = Json::array();
    const auto* found = base::find_path(object, path);
    return found != nullptr && found->is_array() ? *found : kNone;
}

std::string uid_of(const Json& object) {
    return text_at(object, {"metadata", "uid"});
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

bool is_owned_by(const Json& object, const std::string& uid) {
    return std::ranges::any_of(
        items_at(object, {"metadata", "ownerReferences"}),
        [&](const Json& owner) { return base::get_string(owner, "uid", "an owner") == uid; });
}

long revision_of(const Json& replica_set) {
    const auto text = text_at(replica_set, {"metadata", "annotations", kRevision});
    long out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

// A Deployment's newest; nothing for other kinds, whose pods are all looked at.
std::optional<Json> newest_replica_set(KubeClient& client, const Json& live,
                                       const std::string& name_space, const std::string& query) {
    if (base::get_string(live, "kind", "an object") != "Deployment") return std::nullopt;
    std::optional<Json> newest;
    for (auto& each : client.list("apps/v1", "ReplicaSet", name_space, query)) {
        if (!is_owned_by(each, uid_of(live))) continue;
        if (!newest || revision_of(each) > revision_of(*newest)) newest = std::move(each);
    }
    return newest;
}

void add_container(const Json& status, const std::string& pod, std::vector<std::string>& out) {
    for (const auto& [where, state] :
         {std::pair{"state", "waiting"}, {"state", "terminated"}, {"lastState", "terminated"}}) {
        const auto* said = base::find_path(status, {where, state});
        if (said == nullptr) continue;
        out.push_back(fmt::format(
            "pod {}: container {} is {}: {} {}", pod, base::get_string(status, "name", pod), state,
            base::get_string(*said, "reason", pod), base::get_string(*said, "message", pod)));
        return;
    }
}

// The container's last words, when it has run and is not ready. False when it has none.
bool add_log(KubeClient& client, const Json& status, const std::string& name_space,
             const std::string& pod, std::vector<std::string>& out) {
    const auto* ready = base::find(status, "ready");
    if (ready != nullptr && *ready == true) return false;
    const bool runs = base::find_path(status, {"state", "running"}) != nullptr;
    const bool ran = base::find_path(status, {"lastState", "terminated"}) != nullptr;
    if (!runs && !ran) return false;
    const auto container = base::get_string(status, "name", pod);
    try {
        for (const auto& line :
             client.pod_log(name_space, pod, container, {.lines = kLogLines, .previous = !runs}))
            out.push_back(fmt::format("log of {}/{}: {}", pod, container, line));
    } catch (const Error& error) {
        out.push_back(fmt::format("(its log could not be read: {})", error.what()));
    }
    return true;
}

// `log_wanted`: until one container's log is quoted; the other replicas say the same.
void add_pod(KubeClient& client, const Json& pod, const std::string& name_space, bool& log_wanted,
             std::vector<std::string>& out) {
    const auto name = text_at(pod, {"metadata", "name"});
    for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
        for (const auto& status : items_at(pod, {"status", list})) {
            add_container(status, name, out);
            if (log_wanted) log_wanted = !add_log(client, status, name_space, name, out);
        }
    }
    for (const auto& condition : items_at(pod, {"status", "conditions"})) {
        if (base::get_string(condition, "type", name) == "PodScheduled" &&
            base::get_string(condition, "status", name) == "False") {
            out.push_back(fmt::format("pod {} is not scheduled: {}", name,
                                      base::get_string(condition, "message", name)));
        }
    }
}

void add_events(KubeClient& client, const std::string& name_space,
                const std::set<std::string>& uids, std::vector<std::string>& out) {
    for (const auto& event :
         client.list("v1", "Event", name_space, "fieldSelector=type%3DWarning")) {
        if (!uids.contains(text_at(event, {"involvedObject", "uid"}))) continue;
        out.push_back(fmt::format("event on {}: {}", text_at(event, {"involvedObject", "name"}),
                                  base::get_string(event, "message", "an event")));
    }
}

void ask(KubeClient& client, const Json& live, std::vector<std::string>& out) {
    const auto name_space = text_at(live, {"metadata", "namespace"});
    std::set<std::string> uids{uid_of(live)};
    if (const auto query = label_query(live); !query.empty()) {
        const auto newest = newest_replica_set(client, live, name_space, query);
        const auto hash =
            newest ? text_at(*newest, {"metadata", "labels", kTemplateHash}) : std::string();
        if (newest) uids.insert(uid_of(*newest));
        bool log_wanted = true;
        for (const auto& pod : client.list("v1", "Pod", name_space, query)) {
            if (newest && text_at(pod, {"metadata", "labels", kTemplateHash}) != hash) continue;
            uids.insert(uid_of(pod));
            add_pod(client, pod, name_space, log_wanted, out);
        }
    }
    uids.erase("");
    if (!uids.empty()) add_events(client, name_space, uids, out);
}

}  // namespace

std::vector<std::string> diagnose(KubeClient& client, const Json& live) {
    std::vector<std::string> out;
    try {
        ask(client, live, out);
    } catch (const Error& error) {
        out.push_back(fmt::format("(the pods could not be asked: {})", error.what()));
    }
    if (out.size() > kMaxReasons) out.resize(kMaxReasons);
    return out;
}

}  // namespace airlock::installer
