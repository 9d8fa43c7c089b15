#include "installer/transaction/three_way_merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::IsEmpty;

Json json(const char* text) {
    return base::parse_json(text, "a test");
}

TEST(ThreeWayMerge, FollowsTheTable) {
    struct Row {
        const char* name;
        const char* recorded;
        const char* ours;
        const char* live;
        const char* merged;
        std::vector<std::string> conflicts;
    };
    const std::vector<Row> rows{
        {"unchanged by us, edited since",
         R"({"a": 1})",
         R"({"a": 1})",
         R"({"a": 3})",
         R"({"a": 3})",
         {}},
        {"unchanged by us, removed since", R"({"a": 1})", R"({"a": 1})", "{}", "{}", {}},
        {"added by others", "{}", "{}", R"({"b": 3})", R"({"b": 3})", {}},
        {"changed by us", R"({"a": 1})", R"({"a": 2})", R"({"a": 2})", R"({"a": 1})", {}},
        {"added by us", "{}", R"({"a": 2})", R"({"a": 2})", "{}", {}},
        {"removed by us", R"({"a": 1})", "{}", "{}", R"({"a": 1})", {}},
        {"changed by us, changed back since",
         R"({"a": 1})",
         R"({"a": 2})",
         R"({"a": 1})",
         R"({"a": 1})",
         {}},
        {"changed by us, edited since",
         R"({"a": 1})",
         R"({"a": 2})",
         R"({"a": 3})",
         R"({"a": 1})",
         {"a"}},
        {"changed by us, removed since", R"({"a": 1})", R"({"a": 2})", "{}", R"({"a": 1})", {"a"}},
        {"added by us, edited since", "{}", R"({"a": 2})", R"({"a": 3})", "{}", {"a"}},
        {"ours and theirs side by side",
         R"({"a": 1, "b": 1})",
         R"({"a": 2, "b": 1})",
         R"({"a": 2, "b": 3, "c": 3})",
         R"({"a": 1, "b": 3, "c": 3})",
         {}},
        {"a conflict deep inside",
         R"({"x": {"y": {"a": 1, "b": 1}}})",
         R"({"x": {"y": {"a": 2, "b": 2}}})",
         R"({"x": {"y": {"a": 3, "b": 2}}})",
         R"({"x": {"y": {"a": 1, "b": 1}}})",
         {"x.y.a"}},
        {"a map that we added, with a field of others",
         "{}",
         R"({"m": {"a": 1}})",
         R"({"m": {"a": 1, "b": 3}})",
         R"({"m": {"b": 3}})",
         {}},
        {"a map that we added, edited since",
         "{}",
         R"({"m": {"a": 1}})",
         R"({"m": {"a": 3, "b": 3}})",
         R"({"m": {"b": 3}})",
         {"m.a"}},
        {"a list that we added, with an entry of others",
         "{}",
         R"({"c": [{"name": "m"}]})",
         R"({"c": [{"name": "m"}, {"name": "n"}]})",
         R"({"c": [{"name": "n"}]})",
         {}},
        {"another type",
         R"({"a": 1})",
         R"({"a": {"b": 2}})",
         R"({"a": [3]})",
         R"({"a": 1})",
         {"a"}},
        {"a list as one value",
         R"({"a": [1]})",
         R"({"a": [1, 2]})",
         R"({"a": [1, 2, 3]})",
         R"({"a": [1]})",
         {"a"}},
        {"null is not absent",
         R"({"a": null})",
         R"({"a": 2})",
         R"({"a": 2})",
         R"({"a": null})",
         {}},
        {"a container of others",
         R"({"c": [{"name": "m", "image": 1}]})",
         R"({"c": [{"name": "m", "image": 2}]})",
         R"({"c": [{"name": "side"}, {"name": "m", "image": 2, "env": 3}]})",
         R"({"c": [{"name": "side"}, {"name": "m", "image": 1, "env": 3}]})",
         {}},
        {"a container that we added",
         R"({"c": [{"name": "m"}]})",
         R"({"c": [{"name": "m"}, {"name": "n"}]})",
         R"({"c": [{"name": "n"}, {"name": "m", "x": 3}]})",
         R"({"c": [{"name": "m", "x": 3}]})",
         {}},
        {"a container that we removed",
         R"({"c": [{"name": "m"}, {"name": "n"}]})",
         R"({"c": [{"name": "m"}]})",
         R"({"c": [{"name": "m", "x": 3}]})",
         R"({"c": [{"name": "m", "x": 3}, {"name": "n"}]})",
         {}},
        {"a conflict in a container",
         R"({"c": [{"name": "m", "image": 1}]})",
         R"({"c": [{"name": "m", "image": 2}]})",
         R"({"c": [{"name": "m", "image": 3}]})",
         R"({"c": [{"name": "m", "image": 1}]})",
         {"c[m].image"}},
        {"names that are not unique",
         R"({"c": [{"name": "m"}, {"name": "m"}]})",
         R"({"c": [{"name": "m"}]})",
         R"({"c": [{"name": "n"}]})",
         R"({"c": [{"name": "m"}, {"name": "m"}]})",
         {"c"}},
    };
    for (const auto& row : rows) {
        const auto result = merge_three_way(json(row.recorded), json(row.ours), json(row.live));
        EXPECT_EQ(result.merged, json(row.merged)) << row.name;
        EXPECT_EQ(result.conflicts, row.conflicts) << row.name;
    }
}

// Whatever the values: a field that the install did not change is as others left it, and without
// conflicts every other one is as recorded.
TEST(ThreeWayMerge, KeepsOthersFieldsAndRestoresOursForEveryCombination) {
    const std::vector<std::optional<Json>> values{std::nullopt,        Json(1),    Json(2), Json(3),
                                                  json(R"({"k": 1})"), json("[1]")};
    const auto with = [](const std::optional<Json>& value) {
        Json out{{"other", "x"}};
        if (value) out["field"] = *value;
        return out;
    };
    int cases = 0;
    for (const auto& recorded : values) {
        for (const auto& ours : values) {
            for (const auto& live : values) {
                const auto result = merge_three_way(with(recorded), with(ours), with(live));
                EXPECT_EQ(result.merged, with(recorded == ours ? live : recorded));
                const bool conflict = recorded != ours && live != ours && live != recorded;
                EXPECT_EQ(!result.conflicts.empty(), conflict);
                ++cases;
            }
        }
    }
    EXPECT_EQ(cases, 216);
}

}  // namespace
}  // namespace airlock::installer
