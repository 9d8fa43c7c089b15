#include "webhook/selector.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

using Op = Requirement::Operator;

struct Row {
    const char* name;
    Requirement requirement;
    bool matches;
};

TEST(Selector, SupportsAllSixOperators) {
    const std::vector<TextPair> labels{
        {"pool", "batch"}, {"cores", "64"}, {"word", "many"}, {"negative", "-3"}};
    const Row rows[] = {
        {"in", {"pool", Op::in, {"web", "batch"}}, true},
        {"in another", {"pool", Op::in, {"web"}}, false},
        {"in absent", {"zone", Op::in, {"web"}}, false},
        {"not in", {"pool", Op::not_in, {"web"}}, true},
        {"not in its own", {"pool", Op::not_in, {"batch"}}, false},
        {"not in absent", {"zone", Op::not_in, {"a"}}, true},
        {"exists", {"pool", Op::exists, {}}, true},
        {"exists absent", {"zone", Op::exists, {}}, false},
        {"does not exist", {"zone", Op::does_not_exist, {}}, true},
        {"does not exist present", {"pool", Op::does_not_exist, {}}, false},
        {"gt", {"cores", Op::gt, {"63"}}, true},
        {"gt equal", {"cores", Op::gt, {"64"}}, false},
        {"gt of a string", {"word", Op::gt, {"1"}}, false},
        {"gt absent", {"zone", Op::gt, {"1"}}, false},
        {"lt", {"negative", Op::lt, {"0"}}, true},
        {"lt equal", {"cores", Op::lt, {"64"}}, false},
    };
    for (const auto& row : rows)
        EXPECT_EQ(row.requirement.matches(labels), row.matches) << row.name;
}

TEST(Selector, NeedsEveryRequirementAndMatchesEveryNodeWithoutAny) {
    const std::vector<TextPair> labels{{"a", "1"}};
    EXPECT_TRUE(Selector{}.matches(labels));
    EXPECT_TRUE((Selector{{{"a", Op::exists, {}}, {"b", Op::does_not_exist, {}}}}.matches(labels)));
    EXPECT_FALSE((Selector{{{"a", Op::exists, {}}, {"b", Op::exists, {}}}}.matches(labels)));
}

}  // namespace
}  // namespace airlock::webhook
