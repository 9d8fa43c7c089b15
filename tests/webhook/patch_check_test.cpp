#include "webhook/patch_check.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

NodeView node() {
    NodeView view;
    view.present = view.has_annotations = view.has_allocatable = true;
    view.annotations = {{"a", "b"}};
    view.allocatable = {{"cpu", "2"}, {"pods", "110"}, {"example.com/gpu", "1"}};
    view.capacity = {{"cpu", "2"}, {"pods", "110"}};
    view.conditions = {{"Ready", "2026-11-21T00:52:57Z"}, {"Odd", ""}};
    return view;
}

const std::vector<RatioLimit> kLimits{
    {.resource = "cpu", .ratio = Ratio::from_millionths(2 * Ratio::kOne)},
    {.resource = "example.com/gpu", .ratio = Ratio::from_millionths(2 * Ratio::kOne)}};

struct Row {
    const char* name;
    const char* patch;
    bool valid;
};

TEST(PatchCheck, AcceptsOnlyValidPatches) {
    const Row rows[] = {
        {"nothing", "[]", true},
        {"cpu", R"([{"op":"add","path":"/status/allocatable/cpu","value":"4"}])", true},
        {"state",
         R"([{"op":"add","path":"/metadata/annotations/node-oversell~1state","value":""}])", true},
        {"time",
         R"([{"op":"add","path":"/status/conditions/0/lastHeartbeatTime","value":"2026-11-21T00:52:00Z"}])",
         true},
        {"above capacity times the ratio",
         R"([{"op":"add","path":"/status/allocatable/cpu","value":"4001m"}])", false},
        {"a resource without a ratio in force",
         R"([{"op":"add","path":"/status/allocatable/pods","value":"100"}])", false},
        {"a resource without capacity",
         R"([{"op":"add","path":"/status/allocatable/example.com~1gpu","value":"1"}])", false},
        {"not a quantity", R"([{"op":"add","path":"/status/allocatable/cpu","value":"4x"}])",
         false},
        {"a number", R"([{"op":"add","path":"/status/allocatable/cpu","value":4}])", false},
        {"negative", R"([{"op":"add","path":"/status/allocatable/cpu","value":"-4"}])", false},
        {"not canonical", R"([{"op":"add","path":"/status/allocatable/cpu","value":"4000m"}])",
         false},
        {"half a pod", R"([{"op":"add","path":"/status/allocatable/pods","value":"1500m"}])",
         false},
        {"a new resource", R"([{"op":"add","path":"/status/allocatable/memory","value":"1"}])",
         false},
        {"allocatable replaced", R"([{"op":"add","path":"/status/allocatable","value":{}}])",
         false},
        {"status replaced", R"([{"op":"add","path":"/status","value":{}}])", false},
        {"capacity", R"([{"op":"add","path":"/status/capacity","value":{}}])", false},
        {"spec", R"([{"op":"add","path":"/spec","value":{}}])", false},
        {"label", R"([{"op":"add","path":"/metadata/labels","value":{}}])", false},
        {"another annotation", R"([{"op":"add","path":"/metadata/annotations/a","value":"c"}])",
         false},
        {"annotations replaced", R"([{"op":"add","path":"/metadata/annotations","value":{}}])",
         false},
        {"garbage state",
         R"([{"op":"add","path":"/metadata/annotations/node-oversell~1state","value":"x"}])",
         false},
        {"not a time",
         R"([{"op":"add","path":"/status/conditions/0/lastHeartbeatTime","value":"now"}])", false},
        {"a condition's status",
         R"([{"op":"add","path":"/status/conditions/0/status","value":"False"}])", false},
        {"a new condition", R"([{"op":"add","path":"/status/conditions/-","value":{}}])", false},
        {"a missing condition",
         R"([{"op":"add","path":"/status/conditions/2/lastHeartbeatTime","value":"2026-11-21T00:52:00Z"}])",
         false},
        {"a condition that has no time",
         R"([{"op":"add","path":"/status/conditions/1/lastHeartbeatTime","value":"2026-11-21T00:52:00Z"}])",
         false},
        {"an invalid index",
         R"([{"op":"add","path":"/status/conditions/00/lastHeartbeatTime","value":"2026-11-21T00:52:00Z"}])",
         false},
        {"below a resource", R"([{"op":"add","path":"/status/allocatable/cpu/x","value":"4"}])",
         false},
        {"a bad escape", R"([{"op":"add","path":"/status/allocatable/cpu~2","value":"4"}])", false},
        {"a resource made an object",
         R"([{"op":"add","path":"/status/allocatable/cpu","value":{}}])", false},
        {"valid, then invalid",
         R"([{"op":"add","path":"/status/allocatable/cpu","value":"4"},{"op":"add","path":"/spec","value":{}}])",
         false},
        {"the whole document", R"([{"op":"add","path":"","value":{}}])", false},
        {"two lists", "[][]", false},
        {"truncated", R"([{"op":"add","path":"/status/allocatable/cpu","value":"4"})", false},
        {"remove", R"([{"op":"remove","path":"/metadata/annotations/a"}])", false},
        {"not JSON", "x", false},
    };
    for (const auto& row : rows) {
        const auto error = find_patch_error(node(), row.patch, kLimits);
        EXPECT_EQ(!error, row.valid) << row.name << ": " << error.value_or("no error");
    }
}

TEST(PatchCheck, RequiresThatAnnotationsAreAddedFirst) {
    auto bare = node();
    bare.has_annotations = false;
    bare.annotations.clear();
    constexpr std::string_view kState =
        R"({"op":"add","path":"/metadata/annotations/node-oversell~1state","value":""})";
    EXPECT_TRUE(find_patch_error(bare, fmt::format("[{}]", kState), kLimits));
    EXPECT_FALSE(find_patch_error(
        bare,
        fmt::format(R"([{{"op":"add","path":"/metadata/annotations","value":{{}}}},{}])", kState),
        kLimits));
}

}  // namespace
}  // namespace airlock::webhook
