#include "installer/transaction/undo_decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;
using Action = UndoDecision::Action;
using testing::HasSubstr;

Json object(const std::string& uid, const Json& data, const std::string& manager = "kubectl") {
    return {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata",
             {{"name", "m"},
              {"uid", uid},
              {"resourceVersion", "77"},
              {"generation", 3},
              {"managedFields", Json::array({{{"manager", manager}}})}}},
            {"data", data},
            {"status", {{"seen", true}}}};
}

std::vector<ObjectWrite> change(const Json& before, const Json& after) {
    return {{.before = restorable(before), .after = restorable(after)}};
}

TEST(UndoDecision, FollowsTheTable) {
    const auto recorded = object("1", {{"a", "1"}});
    const auto applied = object("1", {{"a", "2"}}, "airlock");
    const auto ours = change(recorded, applied);
    const auto edited = object("1", {{"a", "3"}});
    const auto extended = object("1", {{"a", "2"}, {"b", "theirs"}});
    const auto again = object("2", {{"a", "1"}});
    struct Row {
        const char* name;
        UndoInput input;
        Action action;
        Action forced;
        Json data = {};  // of the content
    };
    const std::vector<Row> rows{
        {"not touched, edited by others",
         {.touched = false, .recorded = recorded, .live = edited},
         Action::skip,
         Action::skip},
        {"not touched, created by others",
         {.touched = false, .live = edited},
         Action::skip,
         Action::skip},
        {"created, and gone", {}, Action::skip, Action::skip},
        {"created by another user since",
         {.live = again, .created_uid = "1"},
         Action::leave,
         Action::leave},
        {"created",
         {.live = object("1", {}, "airlock"), .created_uid = "1"},
         Action::remove,
         Action::remove},
        {"created, and edited since",
         {.live = edited, .created_uid = "1"},
         Action::remove,
         Action::remove},
        {"deleted since",
         {.recorded = recorded, .ours = ours},
         Action::leave,
         Action::create,
         {{"a", "1"}}},
        {"created again since",
         {.recorded = recorded, .ours = ours, .live = object("2", {{"a", "2"}})},
         Action::leave,
         Action::replace,
         {{"a", "1"}}},
        {"created again since with the recorded content",
         {.recorded = recorded, .ours = ours, .live = again},
         Action::leave,
         Action::replace,
         {{"a", "1"}}},
        {"as recorded",
         {.recorded = recorded, .ours = ours, .live = recorded},
         Action::skip,
         Action::skip},
        {"ours is not known",
         {.recorded = recorded, .live = applied},
         Action::replace,
         Action::replace,
         {{"a", "1"}}},
        {"as we left it",
         {.recorded = recorded, .ours = ours, .live = applied},
         Action::replace,
         Action::replace,
         {{"a", "1"}}},
        {"another field was added since",
         {.recorded = recorded, .ours = ours, .live = extended},
         Action::replace,
         Action::replace,
         {{"a", "1"}, {"b", "theirs"}}},
        {"our field was edited since",
         {.recorded = recorded, .ours = ours, .live = edited},
         Action::leave,
         Action::replace,
         {{"a", "1"}}},
        {"we changed nothing, others did",
         {.recorded = recorded, .ours = change(recorded, recorded), .live = edited},
         Action::skip,
         Action::skip},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto input = row.input;
        const auto decision = decide_undo(input);
        EXPECT_EQ(decision.action, row.action);
        EXPECT_EQ(decision.action == Action::leave, !decision.reason.empty());
        input.force = true;
        const auto forced = decide_undo(input);
        EXPECT_EQ(forced.action, row.forced);
        if (forced.action == Action::create || forced.action == Action::replace) {
            EXPECT_EQ(forced.content.at("data"), row.data);
            EXPECT_FALSE(forced.content.contains("status"));
            EXPECT_EQ(forced.content.at("metadata"), Json({{"name", "m"}}));
        }
    }
}

TEST(UndoDecision, NamesTheFieldsThatWereEdited) {
    const auto decision = decide_undo({.recorded = object("1", {{"a", "1"}, {"b", "1"}}),
                                       .ours = change(object("1", {{"a", "1"}, {"b", "1"}}),
                                                      object("1", {{"a", "2"}, {"b", "2"}})),
                                       .live = object("1", {{"a", "3"}, {"b", "2"}})});
    EXPECT_EQ(decision.action, Action::leave);
    EXPECT_EQ(decision.reason, "it was edited since: data.a");
}

// Between the snapshot and our write, others write; an install writes an object twice, and is killed.
TEST(UndoDecision, TakesBackOurWritesAlone) {
    const auto at = [](const char* a, const char* b) { return object("1", {{"a", a}, {"b", b}}); };
    const auto content = [](const UndoInput& input) {
        const auto decision = decide_undo(input);
        EXPECT_EQ(decision.action, Action::replace) << decision.reason;
        return decision.content.value("data", Json());
    };
    const Json theirs{{"a", "1"}, {"b", "theirs"}};
    UndoInput input{.recorded = at("1", "1"), .live = at("2", "theirs")};
    input.ours = change(at("1", "theirs"), at("2", "theirs"));
    EXPECT_EQ(content(input), theirs) << "others wrote before us";

    input.live = at("3", "theirs");
    input.ours.push_back(change(at("2", "theirs"), at("3", "theirs")).front());
    EXPECT_EQ(content(input), theirs) << "two writes";

    input.live = at("2", "theirs");
    input.ours = {{.before = restorable(at("1", "theirs")), .after = {}}};
    EXPECT_EQ(content(input), theirs) << "killed between the write and its record";

    input.ours = {
        {.before = restorable(at("1", "1")), .after = restorable(at("2", "1"))},
        {.before = restorable(at("2", "theirs")), .after = restorable(at("2", "theirs"))}};
    EXPECT_EQ(content(input), theirs) << "others wrote between two writes";
}

}  // namespace
}  // namespace airlock::installer
