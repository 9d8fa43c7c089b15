#include "installer/transaction/undo_decision.hpp"

#include "installer/transaction/ownership.hpp"
#include "installer/transaction/three_way_merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace airlock::installer {
namespace {

using base::Json;
using Action = UndoDecision::Action;

std::string uid_of(const Json& object) {
    return base::text_at(object, {"metadata", "uid"});
}

UndoDecision leave(std::string reason) {
    return {.action = Action::leave, .reason = std::move(reason)};
}

UndoDecision undo_creation(const UndoInput& input) {
    if (!input.live) return {};
    if (!is_ours(*input.live, input.created_uid))
        return leave("it was created by another user since");
    return {.action = Action::remove};
}

UndoDecision undo_change(const UndoInput& input) {
    auto recorded = restorable(*input.recorded);
    if (!input.live) {
        if (input.force) return {.action = Action::create, .content = std::move(recorded)};
        return leave("it was deleted since");
    }
    const auto live = restorable(*input.live);
    if (uid_of(*input.live) != uid_of(*input.recorded)) {
        if (input.force) return {.action = Action::replace, .content = std::move(recorded)};
        return leave("it was deleted and created again since");
    }
    if (live == recorded) return {};
    if (input.ours.empty()) return {.action = Action::replace, .content = std::move(recorded)};
    // The last write is taken back first.
    auto content = live;
    std::vector<std::string> conflicts;
    for (auto write = input.ours.rbegin(); write != input.ours.rend(); ++write) {
        const auto& after = write->after.is_null() ? content : write->after;
        auto merge = merge_three_way(write->before, after, content);
        content = std::move(merge.merged);
        std::ranges::move(merge.conflicts, std::back_inserter(conflicts));
    }
    if (!conflicts.empty() && !input.force)
        return leave(fmt::format("it was edited since: {}", fmt::join(conflicts, ", ")));
    if (content == live) return {};
    return {.action = Action::replace, .content = std::move(content)};
}

}  // namespace

Json restorable(Json object) {
    object.erase("status");
    if (!object["metadata"].is_object()) object["metadata"] = Json::object();
    for (const auto* key :
         {"uid", "managedFields", "creationTimestamp", "generation", "selfLink", "resourceVersion"})
        object["metadata"].erase(key);
    return object;
}

UndoDecision decide_undo(const UndoInput& input) {
    if (!input.touched) return {};
    return input.recorded ? undo_change(input) : undo_creation(input);
}

}  // namespace airlock::installer
