#include "webhook/answer_check.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "webhook/heartbeat.hpp"
#include "webhook/json_patch.hpp"
#include "webhook/node_state.hpp"
#include "webhook/resource.hpp"

#include <fmt/format.h>

namespace airlock::webhook {
namespace {

using base::Json;

Json map_of(const std::vector<TextPair>& pairs) {
    Json map = Json::object();
    for (const auto& [key, value] : pairs)
        map[std::string(key)] = value;
    return map;
}

// The parts of the Node that an answer may touch, and no more: a whole Node would cost ten times as
// much.
Json excerpt(const NodeView& node) {
    Json metadata = Json::object();
    if (node.has_annotations) metadata["annotations"] = map_of(node.annotations);
    Json status = Json::object();
    if (node.has_allocatable) status["allocatable"] = map_of(node.allocatable);
    Json conditions = Json::array();
    for (const auto& condition : node.conditions) {
        conditions.push_back({{"lastHeartbeatTime", condition.heartbeat}});
    }
    status["conditions"] = std::move(conditions);
    return {{"metadata", std::move(metadata)}, {"status", std::move(status)}};
}

std::optional<std::string> check_allocatable(const Json& before, const Json& after) {
    if (!after.is_object() || after.size() != before.size())
        return "allocatable has other resources than before";
    for (const auto& [resource, value] : after.items()) {
        const auto* old = base::find(before, resource);
        if (old == nullptr) return "allocatable has other resources than before";
        if (value == *old) continue;
        const auto* text = value.get_ptr<const std::string*>();
        const auto quantity = text == nullptr ? std::nullopt : Quantity::parse(*text);
        if (!quantity || !is_valid_allocatable(resource, *quantity) || quantity->text() != *text) {
            return fmt::format("{} would not be a quantity that Kubernetes accepts", resource);
        }
    }
    return std::nullopt;
}

std::optional<std::string> check_annotations(const Json& before, const Json& after) {
    for (const auto& [key, value] : after.items()) {
        if (!value.is_string()) return "an annotation would be no string";
        if (key == kStateAnnotation) {
            if (!NodeState::parse(value.get_ref<const std::string&>()))
                return "the state could not be read again";
            continue;
        }
        const auto* old = base::find(before, key);
        if (old == nullptr || *old != value) return "an annotation of somebody else would change";
    }
    const auto with_state =
        before.size() + (before.contains(std::string(kStateAnnotation)) ? 0 : 1);
    if (after.size() != before.size() && after.size() != with_state)
        return "an annotation would be lost";
    return std::nullopt;
}

std::optional<std::string> check_conditions(const Json& before, const Json& after) {
    if (!after.is_array() || after.size() != before.size())
        return "there would be other conditions than before";
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (after[i] == before[i]) continue;
        const auto* time = base::find(after[i], "lastHeartbeatTime");
        if (after[i].size() != 1 || time == nullptr || !time->is_string() ||
            !parse_time(time->get_ref<const std::string&>())) {
            return "a condition would change in more than its time";
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> find_fault(const NodeView& now, std::string_view patch) {
    const Json before = excerpt(now);
    Json after = before;
    try {
        apply_json_patch(after, patch);
    } catch (const base::Error& problem) {
        return problem.what();
    }
    const Json none = Json::object();
    const auto part = [&](const Json& node,
                          std::initializer_list<std::string_view> path) -> const Json& {
        const auto* found = base::find_path(node, path);
        return found == nullptr ? none : *found;
    };
    if (after.size() != 2 || after["status"].size() != before.at("status").size() ||
        after["metadata"].size() > 1) {
        return "more than allocatable, annotations and conditions would change";
    }
    auto fault = check_allocatable(part(before, {"status", "allocatable"}),
                                   part(after, {"status", "allocatable"}));
    if (!fault) {
        fault = check_annotations(part(before, {"metadata", "annotations"}),
                                  part(after, {"metadata", "annotations"}));
    }
    if (!fault) {
        fault = check_conditions(part(before, {"status", "conditions"}),
                                 part(after, {"status", "conditions"}));
    }
    return fault;
}

}  // namespace airlock::webhook
