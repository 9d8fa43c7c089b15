#include "webhook/json_patch.hpp"

#include "base/error.hpp"
#include "tests/webhook/json_patch_oracle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::webhook {
namespace {

using base::Json;
using test::apply_json_patch;

TEST(JsonPatch, BuildsPatchesThatCanBeApplied) {
    JsonPatch patch;
    EXPECT_TRUE(patch.empty());
    EXPECT_EQ(patch.text(), "[]");
    patch.add_empty_object("/metadata/annotations");
    patch.add_string("/metadata/annotations/" + pointer_part("a/b~c"), "say \"hi\"\n\\");
    EXPECT_EQ(patch.size(), 2U);
    Json document{{"metadata", Json::object()}};
    apply_json_patch(document, patch.text());
    EXPECT_EQ(document, (Json{{"metadata", {{"annotations", {{"a/b~c", "say \"hi\"\n\\"}}}}}}));
}

TEST(JsonPatch, IsReadBackUnchanged) {
    JsonPatch patch;
    patch.add_empty_object("/metadata/annotations");
    patch.add_string("/a/" + pointer_part("b/c~d"), "say \"hi\"\n\\");
    std::vector<std::string> seen;
    read_json_patch(patch.text(), [&](const Addition& addition) {
        seen.push_back(std::string(addition.path) + '=' +
                       (addition.empty_object ? "{}" : std::string(addition.text)));
    });
    EXPECT_EQ(seen,
              (std::vector<std::string>{"/metadata/annotations={}", "/a/b~1c~0d=say \"hi\"\n\\"}));
    EXPECT_EQ(unescape_pointer_part("b~1c~0d"), "b/c~d");
    EXPECT_EQ(unescape_pointer_part("b/c"), std::nullopt);
    EXPECT_EQ(unescape_pointer_part("b~"), std::nullopt);
}

TEST(JsonPatch, ReadsOnlyAdditionsOfStringsAndEmptyObjects) {
    const char* const rows[] = {
        R"([{"op":"add","path":"/s","value":1}])",
        R"([{"op":"add","path":"/s","value":null}])",
        R"([{"op":"add","path":"/s","value":{"a":"b"}}])",
        R"([{"op":"add","path":"/s","value":[]}])",
        R"([{"op":"replace","path":"/s","value":"x"}])",
        R"([{"op":"remove","path":"/s"}])",
        R"([{"op":"add","op":"remove","path":"/s","value":"x"}])",
        R"([{"op":"add","path":"/s","path":"/t","value":"x"}])",
        R"([{"op":"add","path":"/s","value":"x","value":{}}])",
        R"([{"op":"add","path":"/s","value":"x","from":"/t"}])",
        R"([{"op":"add","path":"/s"}])",
        R"([{"op":"add","value":"x"}])",
        R"([{"op":"add","path":1,"value":"x"}])",
        R"(["add"])",
        R"({"op":"add","path":"/s","value":"x"})",
        R"([{"op":"add","path":"/s","value":"x"}] x)",
        R"([{"op":"add","path":"/s","value":"x"})",
        R"([{"op":"add","path":"/s","value":"\x"}])",
        "",
        "[",
    };
    for (const auto* row : rows)
        EXPECT_THROW(read_json_patch(row, [](const Addition&) {}), base::Error) << row;
}

struct Row {
    const char* name;
    const char* patch;
    const char* result;  // nullptr: rejected
};

TEST(JsonPatchOracle, IsAsStrictAsTheApiServer) {
    const Row rows[] = {
        {"member", R"([{"op":"add","path":"/o/k","value":1}])",
         R"({"o":{"k":1},"a":[1,2],"s":"x"})"},
        {"replaced member", R"([{"op":"add","path":"/s","value":"y"}])",
         R"({"o":{},"a":[1,2],"s":"y"})"},
        {"element", R"([{"op":"add","path":"/a/1","value":9}])", R"({"o":{},"a":[1,9,2],"s":"x"})"},
        {"at the end", R"([{"op":"add","path":"/a/2","value":9}])",
         R"({"o":{},"a":[1,2,9],"s":"x"})"},
        {"dash", R"([{"op":"add","path":"/a/-","value":9}])", R"({"o":{},"a":[1,2,9],"s":"x"})"},
        {"null value", R"([{"op":"add","path":"/s","value":null}])",
         R"({"o":{},"a":[1,2],"s":null})"},
        {"empty", "[]", R"({"o":{},"a":[1,2],"s":"x"})"},
        {"missing parent", R"([{"op":"add","path":"/p/k","value":1}])", nullptr},
        {"parent is a string", R"([{"op":"add","path":"/s/k","value":1}])", nullptr},
        {"past the end", R"([{"op":"add","path":"/a/3","value":1}])", nullptr},
        {"leading zero", R"([{"op":"add","path":"/a/01","value":1}])", nullptr},
        {"negative index", R"([{"op":"add","path":"/a/-1","value":1}])", nullptr},
        {"dash in the middle", R"([{"op":"add","path":"/a/-/k","value":1}])", nullptr},
        {"whole document", R"([{"op":"add","path":"","value":1}])", nullptr},
        {"no leading slash", R"([{"op":"add","path":"o","value":1}])", nullptr},
        {"bad escape", R"([{"op":"add","path":"/o/~2","value":1}])", nullptr},
        {"truncated escape", R"([{"op":"add","path":"/o/~","value":1}])", nullptr},
        {"remove", R"([{"op":"remove","path":"/s"}])", nullptr},
        {"replace", R"([{"op":"replace","path":"/s","value":1}])", nullptr},
        {"no value", R"([{"op":"add","path":"/s"}])", nullptr},
        {"no path", R"([{"op":"add","value":1}])", nullptr},
        {"not a list", R"({"op":"add","path":"/s","value":1})", nullptr},
        {"not JSON", "[", nullptr},
    };
    for (const auto& row : rows) {
        auto document = Json::parse(R"({"o":{},"a":[1,2],"s":"x"})");
        if (row.result == nullptr) {
            EXPECT_THROW(apply_json_patch(document, row.patch), base::Error) << row.name;
        } else {
            EXPECT_NO_THROW(apply_json_patch(document, row.patch)) << row.name;
            EXPECT_EQ(document, Json::parse(row.result)) << row.name;
        }
    }
}

}  // namespace
}  // namespace airlock::webhook
