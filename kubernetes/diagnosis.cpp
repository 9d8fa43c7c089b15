#include "kubernetes/diagnosis.hpp"

#include "base/error.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

namespace airlock::kubernetes {
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

class Diagnosis {
  public:
    Diagnosis(Client& client, const Json& live)
        : client_(client), live_(live), name_space_(text_at(live, {"metadata", "namespace"})) {}

    std::vector<std::string> run() {
        uids_.insert(uid_of(live_));
        attempt("pods", [&] { pods(); });
        uids_.erase("");
        if (!uids_.empty()) attempt("events", [&] { events(); });
        if (out_.size() > kMaxReasons) out_.resize(kMaxReasons);
        return std::move(out_);
    }

  private:
    // A part that cannot be read or is malformed must not hide the others.
    template <typename Task>
    void attempt(std::string_view what, Task&& task) {
        try {
            task();
        } catch (const Error& error) {
            out_.push_back(fmt::format("(cannot read {}: {})", what, error.what()));
        }
    }

    // The newest ReplicaSet of a Deployment; absent for other kinds, of which all pods are
    // considered.
    std::optional<Json> newest_replica_set(const std::string& query) {
        if (base::get_string(live_, "kind", "an object") != "Deployment") return std::nullopt;
        std::optional<Json> newest;
        for (auto& each : client_.list("apps/v1", "ReplicaSet", name_space_, query)) {
            if (!is_owned_by(each, uid_of(live_))) continue;
            if (!newest || revision_of(each) > revision_of(*newest)) newest = std::move(each);
        }
        return newest;
    }

    void pods() {
        const auto query = label_query(live_);
        if (query.empty()) return;
        std::optional<Json> newest;
        attempt("replica sets", [&] { newest = newest_replica_set(query); });
        if (newest) uids_.insert(uid_of(*newest));
        for (const auto& pod : client_.list("v1", "Pod", name_space_, query)) {
            const auto hash = [](const Json& object) {
                return text_at(object, {"metadata", "labels", kTemplateHash});
            };
            if (newest && hash(pod) != hash(*newest)) continue;
            uids_.insert(uid_of(pod));
            add_pod(pod);
        }
    }

    void add_pod(const Json& pod) {
        const auto name = text_at(pod, {"metadata", "name"});
        for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
            for (const auto& status : items_at(pod, {"status", list})) {
                add_state(status, name);
                add_log(status, name);
            }
        }
        for (const auto& condition : items_at(pod, {"status", "conditions"})) {
            if (base::get_string(condition, "type", name) == "PodScheduled" &&
                base::get_string(condition, "status", name) == "False") {
                out_.push_back(fmt::format("pod {} cannot be scheduled: {}", name,
                                           base::get_string(condition, "message", name)));
            }
        }
    }

    void add_state(const Json& status, const std::string& pod) {
        for (const auto& [where, state] : {std::pair{"state", "waiting"},
                                           {"state", "terminated"},
                                           {"lastState", "terminated"}}) {
            const auto* details = base::find_path(status, {where, state});
            if (details == nullptr) continue;
            out_.push_back(fmt::format("pod {}: container {} is {}: {} {}", pod,
                                       base::get_string(status, "name", pod), state,
                                       base::get_string(*details, "reason", pod),
                                       base::get_string(*details, "message", pod)));
            return;
        }
    }

    // The end of the log of a container that has run and is not ready; of one replica, because the
    // others are alike.
    void add_log(const Json& status, const std::string& pod) {
        const auto container = base::get_string(status, "name", pod);
        const auto* ready = base::find(status, "ready");
        if ((ready != nullptr && *ready == true) || logged_.contains(container)) return;
        const auto was = [&](std::string_view where, std::string_view state) {
            return base::find_path(status, {where, state}) != nullptr;
        };
        const bool has_run = was("state", "running") || was("state", "terminated");
        if (!has_run && !was("lastState", "terminated")) return;
        attempt(fmt::format("log of {}/{}", pod, container), [&] {
            for (const auto& line : client_.pod_log(name_space_, pod, container,
                                                    {.lines = kLogLines, .previous = !has_run})) {
                out_.push_back(fmt::format("log of {}/{}: {}", pod, container, line));
                logged_.insert(container);
            }
        });
    }

    void events() {
        for (const auto& event :
             client_.list("v1", "Event", name_space_, "fieldSelector=type%3DWarning")) {
            if (!uids_.contains(text_at(event, {"involvedObject", "uid"}))) continue;
            out_.push_back(fmt::format("event on {}: {}",
                                       text_at(event, {"involvedObject", "name"}),
                                       base::get_string(event, "message", "an event")));
        }
    }

    Client& client_;
    const Json& live_;
    std::string name_space_;
    std::set<std::string> uids_;    // of objects whose events are reported
    std::set<std::string> logged_;  // containers whose log is reported
    std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> diagnose(Client& client, const Json& live) {
    return Diagnosis(client, live).run();
}

}  // namespace airlock::kubernetes
