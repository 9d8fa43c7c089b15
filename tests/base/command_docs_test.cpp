// The documents are given to what reads them: groff, bash, zsh and fish; make deps installs them.
#include "base/command_docs.hpp"

#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::base {
namespace {

using testing::HasSubstr;

ProgramDoc program() {
    return {.name = "air-lock",
            .purpose = "Does it",
            .version = "1.2.3",
            .commands = {{.name = "build",
                          .purpose = "Build [it]: all of 'it'",
                          .details = "A line.\n.dot at the start of one.",
                          .examples = {"air-lock build -o x"},
                          .exit_codes = {ExitCode::done},
                          .options = {{.flags = "KIT",
                                       .value = "FILE",
                                       .help = "the kit",
                                       .required = true,
                                       .positional = true},
                                      {.flags = "-o,--output", .value = "FILE", .help = "the file"},
                                      {.flags = "--format",
                                       .value = "FORMAT",
                                       .help = "a:b",
                                       .choices = {"text", "json"},
                                       .fallback = "text"},
                                      {.flags = "--mirror",
                                       .value = "A=B",
                                       .help = "it's one",
                                       .repeated = true},
                                      {.flags = "--yes", .help = "do not ask"}}},
                         {.name = "completion",
                          .purpose = "Print it",
                          .examples = {"x"},
                          .exit_codes = {ExitCode::done},
                          .options = {{.flags = "SHELL",
                                       .help = "the shell",
                                       .required = true,
                                       .choices = {"bash", "zsh"},
                                       .positional = true}}}},
            .options = {{.flags = "--log-level",
                         .value = "LEVEL",
                         .help = "level",
                         .choices = {"info", "debug"}}}};
}

// What bash offers for the last of `words`.
std::string bash_completes(const std::string& words) {
    const test::TempFolder folder;
    folder.write("completion", bash_completion(program()));
    return test::run({"bash", "-c",
                      "source \"$1\"; COMP_WORDS=(" + words +
                          "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _air_lock; "
                          "printf '%s ' \"${COMPREPLY[@]}\"",
                      "bash", folder / "completion"});
}

TEST(BashCompletion, OffersCommandsOptionsAndChoices) {
    EXPECT_EQ(bash_completes("air-lock bu"), "build ");
    EXPECT_EQ(bash_completes("air-lock build --fo"), "--format ");
    EXPECT_EQ(bash_completes("air-lock build --format ''"), "text json ");
    EXPECT_EQ(bash_completes("air-lock build --format j"), "json ");
    EXPECT_EQ(bash_completes("air-lock build --log-level d"), "debug ");
    EXPECT_EQ(bash_completes("air-lock --log-level d"), "debug ");
    EXPECT_EQ(bash_completes("air-lock completion z"), "zsh ");
}

TEST(ZshCompletion, IsParsedByZsh) {
    const test::TempFolder folder;
    test::run({"zsh", "-n", folder.write("_air-lock", zsh_completion(program()))});
    EXPECT_THAT(zsh_completion(program()), HasSubstr(R"(--format[a\:b]:FORMAT:(text json))"));
}

TEST(FishCompletion, OffersCommandsOptionsAndChoices) {
    const test::TempFolder folder;
    folder.write("air-lock.fish", fish_completion(program()));
    const auto completes = [&](const std::string& line) {
        return test::run({"env", "HOME=" + folder.path().string(), "fish", "-c",
                          "source $argv[1]; complete -C $argv[2]", folder / "air-lock.fish", line});
    };
    EXPECT_THAT(completes("air-lock bu"), HasSubstr("build\tBuild [it]: all of 'it'"));
    EXPECT_THAT(completes("air-lock build --format "), HasSubstr("json"));
    EXPECT_THAT(completes("air-lock build --mi"), HasSubstr("--mirror\tit's one"));
}

TEST(ManPage, IsFormattedWithoutAWarning) {
    const auto page = man_page(program());
    EXPECT_THAT(page, HasSubstr(".TH AIR\\-LOCK 1"));
    EXPECT_THAT(page, HasSubstr("\n\\&.dot at the start"));
    const test::TempFolder folder;
    const auto text = test::run(
        {"sh", "-c", "groff -man -Tutf8 -ww \"$1\" 2>&1", "sh", folder.write("page.1", page)});
    EXPECT_THAT(text, testing::Not(HasSubstr("warning")));
    EXPECT_THAT(text, HasSubstr("Build [it]"));
}

TEST(HelpFooter, ListsExitCodesInOrder) {
    const auto footer = help_footer(program().commands.front());
    EXPECT_THAT(footer, HasSubstr("Examples:\n  air-lock build -o x\n"));
    EXPECT_THAT(footer, HasSubstr("  0   done\n  2   wrong usage\n  130 interrupted\n"));
}

}  // namespace
}  // namespace airlock::base
