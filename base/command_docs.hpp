// A program's commands and options as data, and the documents made of them: man page (man(7)) and
// completions for bash, zsh and fish. Pure.
#pragma once

#include "base/exit_code.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace airlock::base {

struct OptionDoc {
    std::string flags;       // "-o,--output"; of an argument its name, "BUNDLE"
    std::string value = {};  // "FILE"; empty for a flag. FILE and DIRECTORY are completed
    std::string help;        // no full stop; choices and default are added to it
    bool required = false;
    std::vector<std::string> choices = {};
    std::string fallback = {};  // the default, as shown
    std::string group = {};
    bool positional = false;
    bool repeated = false;
};

struct CommandDoc {
    std::string name;
    std::string purpose;                // one line, no full stop
    std::string details = {};           // paragraphs; may be empty
    std::vector<std::string> examples;  // command lines, at least one
    std::vector<ExitCode> exit_codes;   // without usage and interrupted, which all have
    std::vector<OptionDoc> options = {};
};

struct ProgramDoc {
    std::string name;
    std::string purpose;
    std::string version;
    std::vector<CommandDoc> commands;
    std::vector<OptionDoc> options;  // of every command
};

// The help with choices, default and requirement: "format of standard output: text or json
// (default: text)".
std::string full_help(const OptionDoc& option);

// What stands below the options in --help: details, examples and exit codes.
std::string help_footer(const CommandDoc& command);

std::string man_page(const ProgramDoc& program);
std::string bash_completion(const ProgramDoc& program);
std::string zsh_completion(const ProgramDoc& program);
std::string fish_completion(const ProgramDoc& program);

}  // namespace airlock::base
