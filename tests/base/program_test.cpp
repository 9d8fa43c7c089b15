#include "base/program.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::base {
namespace {

using testing::HasSubstr;

class CommandLine : public ::testing::Test {
  protected:
    CommandLine() {
        app_.require_subcommand(1);
        app_.add_option("--level", level_);
        auto* build = app_.add_subcommand("build", "");
        build->add_option("--file", file_)->required();
        auto* undo = app_.add_subcommand("undo", "");
        undo->add_option("number", number_)->check(CLI::Range(0, 9));
    }
    // What is said of a line that is refused.
    std::string refusal(std::vector<const char*> words) {
        words.insert(words.begin(), "prog");
        testing::internal::CaptureStderr();
        const auto code = parse_command_line(app_, static_cast<int>(words.size()), words.data());
        auto said = testing::internal::GetCapturedStderr();
        EXPECT_EQ(code, ExitCode::usage) << said;
        return said;
    }

    CLI::App app_{"a program", "prog"};
    std::string file_;
    std::string level_;
    int number_ = 0;
};

TEST_F(CommandLine, ThatIsWholeIsTaken) {
    const std::vector<const char*> words{"prog", "build", "--file", "x"};
    EXPECT_FALSE(parse_command_line(app_, static_cast<int>(words.size()), words.data()));
    EXPECT_EQ(file_, "x");
}

TEST_F(CommandLine, WithoutACommandNamesThem) {
    EXPECT_THAT(refusal({}), HasSubstr("prog: name a command: build, undo\n"));
    EXPECT_THAT(refusal({"frob"}),
                HasSubstr("there is no command \"frob\"; there are: build, undo"));
    EXPECT_THAT(refusal({"frob", "kit.tar", "--file", "x"}),
                HasSubstr("there is no command \"frob\""));
}

TEST_F(CommandLine, NamesAnUnknownOptionBeforeWhatIsMissingOrWrong) {
    EXPECT_THAT(refusal({"build", "--wat"}), HasSubstr("there is no option --wat here"));
    EXPECT_THAT(refusal({"undo", "--key", "x"}), HasSubstr("there is no option --key here"));
    EXPECT_THAT(refusal({"--wat"}), HasSubstr("there is no option --wat here"));
}

TEST_F(CommandLine, NamesWhatIsMissingOrWrong) {
    EXPECT_THAT(refusal({"build"}), HasSubstr("--file is required"));
    EXPECT_THAT(refusal({"undo", "x"}), HasSubstr("number"));
    EXPECT_THAT(refusal({"undo", "1", "2"}), HasSubstr("2"));
    EXPECT_THAT(refusal({"--level"}), HasSubstr("--level"));
}

}  // namespace
}  // namespace airlock::base
