#include "installer/plan/install_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::installer {
namespace {

using base::Json;

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ChangedFields, ArePathsWithoutValues) {
    const auto live = Json::parse(R"({"kind": "Secret", "data": {"key": "b2xk", "a.b/c~d": "x"},
        "spec": {"replicas": 1, "list": [{"image": "one"}, {"image": "two"}]}})");
    auto after = live;
    after["data"]["key"] = "bmV3";
    after["spec"]["list"][1]["image"] = "three";
    after["spec"]["list"].push_back({{"image", "four"}});
    after["data"].erase("a.b/c~d");
    EXPECT_THAT(changed_fields(live, after),
                testing::UnorderedElementsAre("data.key", "data.a.b/c~d", "spec.list.1.image",
                                              "spec.list.-"));
    EXPECT_THAT(changed_fields(live, live), IsEmpty());
}

TEST(ChangedFields, ExcludeThoseOfTheApiServer) {
    const auto live = Json::parse(
        R"({"metadata": {"name": "x", "resourceVersion": "1", "generation": 1}, "status": {}})");
    const auto after =
        Json::parse(R"({"metadata": {"name": "x", "resourceVersion": "2", "managedFields": []}})");
    EXPECT_THAT(changed_fields(live, after), IsEmpty());
    EXPECT_THAT(changed_fields(Json::parse("{}"), Json::parse(R"({"a": 1})")), ElementsAre("a"));
}

}  // namespace
}  // namespace airlock::installer
