#include "base/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::base {
namespace {

using testing::HasSubstr;
using testing::Not;

class CommandLineTest : public ::testing::Test {
  protected:
    CommandLineTest() {
        auto& build = line_.command({.name = "build",
                                     .purpose = "Build it",
                                     .details = "What it does.",
                                     .examples = {"prog build -o x"},
                                     .exit_codes = {ExitCode::done, ExitCode::failed}});
        build.option(
            {.flags = "-o,--output", .value = "FILE", .help = "the file", .required = true}, file_);
        build.option({.flags = "--mode", .value = "MODE", .help = "how", .choices = {"a", "b"}},
                     mode_);
        build.option({.flags = "--names", .value = "NAME,...", .help = "which"}, names_, true);
        build.group("Limits");
        build.number({.flags = "--count", .value = "N", .help = "how many"}, count_, 1, 9);
        build.flag({.flags = "--force", .help = "do it"}, force_);
        build.format(format_);
        build.run([this](const std::stop_token&) {
            built_ = true;
            return ExitCode::unhealthy;
        });
        auto& undo = line_.command({.name = "undo",
                                    .purpose = "Undo it",
                                    .examples = {"prog undo 3"},
                                    .exit_codes = {ExitCode::done}});
        undo.number_argument({.flags = "NUMBER", .help = "which"}, number_, 0, 9);
        undo.run([](const std::stop_token&) { return ExitCode::done; });
    }

    ExitCode run(std::vector<const char*> words) {
        words.insert(words.begin(), "prog");
        testing::internal::CaptureStderr();
        testing::internal::CaptureStdout();
        const auto code = line_.run(static_cast<int>(words.size()), words.data(), {});
        err_ = testing::internal::GetCapturedStderr();
        out_ = testing::internal::GetCapturedStdout();
        return code;
    }
    std::string refusal(const std::vector<const char*>& words) {
        EXPECT_EQ(run(words), ExitCode::usage) << err_;
        return err_;
    }

    CommandLine line_{"prog", "A program"};
    std::string file_;
    std::string mode_;
    std::vector<std::string> names_;
    std::size_t count_ = 4;
    bool force_ = false;
    bool built_ = false;
    Format format_ = Format::text;
    std::optional<int> number_;
    std::string out_;
    std::string err_;
};

TEST_F(CommandLineTest, RunsTheChosenCommandAndReturnsItsCode) {
    EXPECT_EQ(run({"build", "--output", "x", "--count", "7", "--names", "a,b", "--names", "c",
                   "--force", "--format", "json", "--log-level", "warn"}),
              ExitCode::unhealthy);
    EXPECT_TRUE(built_);
    EXPECT_EQ(file_, "x");
    EXPECT_EQ(count_, 7U);
    EXPECT_EQ(names_, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(force_);
    EXPECT_EQ(format_, Format::json);
}

TEST_F(CommandLineTest, KeepsDefaults) {
    EXPECT_EQ(run({"build", "-o", "x"}), ExitCode::unhealthy);
    EXPECT_EQ(count_, 4U);
    EXPECT_EQ(format_, Format::text);
    EXPECT_EQ(run({"undo"}), ExitCode::done);
    EXPECT_EQ(number_, std::nullopt);
}

TEST_F(CommandLineTest, TakesANumberAsAnArgument) {
    EXPECT_EQ(run({"undo", "3"}), ExitCode::done);
    EXPECT_EQ(number_, 3);
}

TEST_F(CommandLineTest, ListsTheCommandsWhenNoneIsChosen) {
    EXPECT_THAT(refusal({}),
                HasSubstr("prog: a command is required; available commands: build, undo"));
}

TEST_F(CommandLineTest, NamesAnUnknownCommand) {
    EXPECT_THAT(refusal({"frob"}), HasSubstr("unknown command \"frob\""));
}

TEST_F(CommandLineTest, NamesAMisspelledCommandBeforeItsOptions) {
    EXPECT_THAT(refusal({"frob", "kit.tar", "--file", "x"}), HasSubstr("unknown command \"frob\""));
}

TEST_F(CommandLineTest, NamesAnUnknownOptionBeforeWhatIsMissing) {
    EXPECT_THAT(refusal({"build", "--wat"}), HasSubstr("unknown option --wat"));
}

TEST_F(CommandLineTest, NamesAMissingOption) {
    EXPECT_THAT(refusal({"build"}), HasSubstr("--output is required"));
    EXPECT_THAT(err_, HasSubstr("Run 'prog build --help' for usage."));
}

TEST_F(CommandLineTest, RefusesValuesOutsideTheChoicesAndTheRange) {
    EXPECT_THAT(refusal({"build", "-o", "x", "--mode", "c"}), HasSubstr("--mode"));
    EXPECT_FALSE(built_);
}

TEST_F(CommandLineTest, RefusesANumberOutsideItsRange) {
    EXPECT_THAT(refusal({"build", "-o", "x", "--count", "10"}), HasSubstr("--count"));
}

TEST_F(CommandLineTest, RefusesWhatIsNotANumber) {
    EXPECT_THAT(refusal({"undo", "x"}), HasSubstr("NUMBER"));
}

TEST_F(CommandLineTest, HelpHasPurposeGroupsExamplesAndExitCodes) {
    EXPECT_EQ(run({"build", "--help"}), ExitCode::done);
    for (const auto* part :
         {"Build it", "What it does.", "--output", "Limits", "--count", "prog build -o x",
          "0   done", "2   wrong usage", "130 interrupted", "(default: 4)", "the file (required)",
          "how: a or b", "format of standard output: text or json (default: text)"})
        EXPECT_THAT(out_, HasSubstr(part));
}

TEST_F(CommandLineTest, HelpOfTheProgramListsItsCommands) {
    EXPECT_EQ(run({"--help"}), ExitCode::done);
    for (const auto* part : {"A program", "build", "Undo it", "completion", "--log-level"})
        EXPECT_THAT(out_, HasSubstr(part));
    EXPECT_THAT(out_, Not(HasSubstr("man page"))) << "for packagers only";
}

TEST_F(CommandLineTest, PrintsManPageAndCompletions) {
    EXPECT_EQ(run({"man"}), ExitCode::done);
    EXPECT_THAT(out_, HasSubstr(".TH PROG 1"));
}

TEST_F(CommandLineTest, PrintsACompletionScript) {
    EXPECT_EQ(run({"completion", "fish"}), ExitCode::done);
    EXPECT_THAT(out_, HasSubstr("complete -c prog"));
}

TEST_F(CommandLineTest, RefusesAnUnknownShell) {
    EXPECT_THAT(refusal({"completion", "csh"}), HasSubstr("SHELL"));
}

}  // namespace
}  // namespace airlock::base
