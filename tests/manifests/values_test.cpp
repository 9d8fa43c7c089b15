#include "manifests/values.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace airlock::manifests {
namespace {

using test::expect_error;

using base::Errc;

TEST(SubstituteValues, ReplacesDeclaredNamesOnly) {
    const Values values = {{"CPU", "2.0"}, {"_n1", "a b"}};
    EXPECT_EQ(substitute_values("cpu: \"${CPU}\" ${_n1}${CPU}\n", "f", values),
              "cpu: \"2.0\" a b2.0\n");
    EXPECT_EQ(substitute_values("$${CPU} $${OTHER}", "f", values), "${CPU} ${OTHER}");
    EXPECT_EQ(substitute_values("$$${CPU}", "f", values), "$${CPU}");
    EXPECT_EQ(substitute_values("$ $$ $(X) $X ${X:-y} ${} ${1} ${CPU", "f", values),
              "$ $$ $(X) $X ${X:-y} ${} ${1} ${CPU");
}

TEST(SubstituteValues, ReportsTheLocationOfAnUndeclaredName) {
    expect_error(
        [] {
            substitute_values("a\nb ${CPU_RATOI}\n", "f.yaml", {{"CPU_RATIO", "2"}});
        },
        Errc::invalid, "f.yaml:2: ${CPU_RATOI} is not declared", "CPU_RATIO");
    expect_error([] { substitute_values("${A}", "f.yaml", {}); }, Errc::invalid, "f.yaml:1",
                 "$${A}");
}

TEST(CheckValue, AcceptsSafeValues) {
    for (const auto* good :
         {"2.0", "a", "/policy/x.yaml", "reg.local:5000/a@sha256:ab", "a b=c", "x+1", "_a-b"}) {
        EXPECT_NO_THROW(check_value("X", good)) << good;
    }
}

TEST(CheckValue, RejectsValuesThatChangeTheYaml) {
    for (const auto* bad :
         {"",    " a",  "a ", "a  b", "a\nb", "a\rb", "a: b", "a:", "a #b", "- a", "---",
          "...", "a\"", "a'", "{a",   "[a",   "a,b",  "*a",   "&a", "!a",   "|",   ">",
          "%a",  "@a",  "`a", "a\tb", "${A}", "\\n",  "é",    "?",  ":a"}) {
        expect_error([&] { check_value("X", bad); }, Errc::usage, "the value X ");
    }
    expect_error([] { check_value("X", std::string(1025, 'a')); }, Errc::usage, "longer");
    // Also for a map that was not checked before.
    expect_error(
        [] {
            substitute_values("${A}", "f", {{"A", "x\ny: z"}});
        },
        Errc::usage, "the value A ");
}

TEST(MergeValues, OverridesDefaults) {
    const Values declared = {{"A", "1"}, {"B", "2"}};
    EXPECT_EQ(merge_values(declared, {{"B", "3"}}), (Values{{"A", "1"}, {"B", "3"}}));
    expect_error(
        [&] {
            merge_values(declared, {{"C", "3"}});
        },
        Errc::usage, "no value \"C\"", "A, B");
    expect_error([&] { merge_values(declared, {{"A", "x\n"}}); }, Errc::usage, "the value A ");
}

}  // namespace
}  // namespace airlock::manifests
