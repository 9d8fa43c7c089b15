#include "kubernetes/state_annotation.hpp"

#include <gtest/gtest.h>

#include <string>

namespace airlock::kubernetes {
namespace {

using base::Json;

constexpr auto kAnnotation = "oversell.example/state";
constexpr auto kRecord = R"({"v":2,"resources":{"cpu":{"raw":"2","applied":"4","capacity":"2"}}})";

Json node(const std::string& name, const std::string& record, const Json& allocatable) {
    return {{"metadata", {{"name", name}, {"annotations", {{kAnnotation, record}}}}},
            {"status", {{"allocatable", allocatable}}}};
}

TEST(IsStale, ComparesAllocatableWithTheAppliedValue) {
    struct Row {
        const char* name;
        std::string record;
        Json allocatable;
        bool stale;
    };
    const Row rows[] = {
        {"as applied", kRecord, {{"cpu", "4"}}, false},
        {"as applied, in another form", kRecord, {{"cpu", "4000m"}}, false},
        {"the real value", kRecord, {{"cpu", "2"}}, true},
        {"another value", kRecord, {{"cpu", "3"}}, true},
        {"the first of a list",
         R"({"resources":{"cpu":{"applied":["4","3"]}}})",
         {{"cpu", "3"}},
         true},
        {"as the first of a list",
         R"({"resources":{"cpu":{"applied":["4","3"]}}})",
         {{"cpu", "4"}},
         false},
        {"a resource that is gone", kRecord, {{"memory", "1Gi"}}, false},
        {"one of two",
         R"({"resources":{"cpu":{"applied":["4"]},"memory":{"applied":["2Gi"]}}})",
         {{"cpu", "4"}, {"memory", "1Gi"}},
         true},
        {"an emptied record", "", {{"cpu", "2"}}, false},
        {"not JSON", "{", {{"cpu", "2"}}, false},
        {"not an object", "[1]", {{"cpu", "2"}}, false},
        {"no resources", R"({"resources":7})", {{"cpu", "2"}}, false},
        {"nothing applied", R"({"resources":{"cpu":{"applied":[]}}})", {{"cpu", "2"}}, false},
        {"not a quantity", R"({"resources":{"cpu":{"applied":["x"]}}})", {{"cpu", "2"}}, false},
        {"not a string", R"({"resources":{"cpu":{"applied":[4]}}})", {{"cpu", "2"}}, false},
        {"allocatable that is not a string", kRecord, {{"cpu", 2}}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(is_stale(node("n", row.record, row.allocatable), kAnnotation), row.stale);
    }
    EXPECT_FALSE(is_stale(Json::object(), kAnnotation));
}

}  // namespace
}  // namespace airlock::kubernetes
