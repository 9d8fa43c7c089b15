// The command line of a program: commands, their options and their help, in one grammar for all
// programs (-o/--output FILE writes a file, --format selects the format of standard output). CLI11
// parses, in command_line.cpp alone; the same definitions give man pages and completions
// (command_docs.hpp).
#pragma once

#include "base/command_docs.hpp"
#include "base/exit_code.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace airlock::base {

enum class Format { text, json };

// One command while it is defined. What an option is stored in must outlive the parsing.
class Command {
  public:
    // The heading in --help of the options that follow.
    void group(std::string title);

    void argument(const OptionDoc& doc, std::filesystem::path& to);
    void argument(const OptionDoc& doc, std::string& to);
    void option(const OptionDoc& doc, std::string& to);
    void option(const OptionDoc& doc, std::filesystem::path& to);
    // May be repeated; values are separated by commas too when `comma_separated`.
    void option(const OptionDoc& doc, std::vector<std::string>& to, bool comma_separated = false);
    void flag(const OptionDoc& doc, bool& to);
    // A whole number from `low` to `high`; `to` holds the default.
    template <typename Number>
    void number(const OptionDoc& doc, Number& to, std::int64_t low, std::int64_t high) {
        number_option(doc, static_cast<std::int64_t>(to), low, high,
                      [&to](std::int64_t value) { to = static_cast<Number>(value); });
    }
    // A positional one, absent by default.
    template <typename Number>
    void number_argument(const OptionDoc& doc, std::optional<Number>& to, std::int64_t low,
                         std::int64_t high) {
        number_option(doc, std::nullopt, low, high,
                      [&to](std::int64_t value) { to = static_cast<Number>(value); });
    }
    // --format text|json
    void format(Format& to);

    // What the command does when it is chosen.
    void run(std::function<ExitCode(const std::stop_token&)> body);

  private:
    friend class CommandLine;
    struct State;
    explicit Command(std::unique_ptr<State> state);
    void number_option(const OptionDoc& doc, std::optional<std::int64_t> current, std::int64_t low,
                       std::int64_t high, std::function<void(std::int64_t)> set);

  public:
    ~Command();
    Command(Command&&) noexcept;
    Command& operator=(Command&&) noexcept;

  private:
    std::unique_ptr<State> state_;
};

class CommandLine {
  public:
    // `purpose` is one line.
    CommandLine(std::string program, std::string purpose);
    ~CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // `doc` without its options, which come by the Command's calls. The reference is valid as long
    // as this lives.
    Command& command(CommandDoc doc);

    // Parses and runs the chosen command. --help, --version, `completion SHELL` and `man` are
    // answered here. ExitCode::usage, with the reason on standard error, for a line that is wrong.
    ExitCode run(int argc, const char* const* argv, const std::stop_token& stop);

    // What was defined.
    ProgramDoc doc() const;

  private:
    struct State;
    void add_built_in_commands();
    std::unique_ptr<State> state_;
};

}  // namespace airlock::base
