#include "base/command_docs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace airlock::base {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(separator, begin), text.size());
        out.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::vector<ExitCode> all_exit_codes(const CommandDoc& command) {
    auto codes = command.exit_codes;
    codes.push_back(ExitCode::usage);
    codes.push_back(ExitCode::interrupted);
    std::ranges::sort(codes);
    return codes;
}

bool takes_file(const OptionDoc& option) {
    return option.value == "FILE" || option.value == "DIRECTORY";
}

// The options that a shell completes after a command: its own and those of every command.
std::vector<OptionDoc> flags_of(const ProgramDoc& program, const CommandDoc& command) {
    std::vector<OptionDoc> out;
    std::ranges::copy_if(command.options, std::back_inserter(out),
                         [](const OptionDoc& option) { return !option.positional; });
    std::ranges::copy(program.options, std::back_inserter(out));
    return out;
}

// roff: a backslash and a leading dot or quote mean something, and a hyphen must be one to copy.
std::string roff(std::string_view text) {
    auto out = replaced(replaced(std::string(text), "\\", "\\e"), "-", "\\-");
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return replaced(replaced(std::move(out), "\n.", "\n\\&."), "\n'", "\n\\&'");
}

std::string man_option(const OptionDoc& option) {
    auto head = fmt::format("\\fB{}\\fR", roff(replaced(option.flags, ",", ", ")));
    if (!option.value.empty()) head += fmt::format(" \\fI{}\\fR", roff(option.value));
    return fmt::format(".TP\n{}\n{}\n", head, roff(full_help(option)));
}

std::string single_quoted(std::string_view text) {
    return "'" + replaced(std::string(text), "'", R"('\'')") + "'";
}

std::string identifier(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(
        out, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return out;
}

}  // namespace

std::string full_help(const OptionDoc& option) {
    auto text = option.help;
    for (std::size_t i = 0; i < option.choices.size(); ++i) {
        text += i == 0 ? ": " : i + 1 == option.choices.size() ? " or " : ", ";
        text += option.choices[i];
    }
    if (!option.fallback.empty()) text += fmt::format(" (default: {})", option.fallback);
    if (option.required) text += " (required)";
    return text;
}

std::string help_footer(const CommandDoc& command) {
    std::string out;
    if (!command.details.empty()) out += command.details + "\n\n";
    out += "Examples:\n";
    for (const auto& example : command.examples)
        out += "  " + example + "\n";
    out += "\nExit codes:\n";
    for (const auto code : all_exit_codes(command))
        out += fmt::format("  {:<4}{}\n", static_cast<int>(code), meaning(code));
    return out;
}

std::string man_page(const ProgramDoc& program) {
    const auto name = roff(program.name);
    auto title = program.name;
    std::ranges::transform(title, title.begin(), [](char c) {
        return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    auto out = fmt::format(".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n", roff(title), name,
                           roff(program.version));
    out += fmt::format(".SH NAME\n{} \\- {}\n", name, roff(program.purpose));
    out += fmt::format(".SH SYNOPSIS\n.B {}\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n", name);
    out += ".SH COMMANDS\n";
    for (const auto& command : program.commands) {
        out += fmt::format(".SS {} {}", name, roff(command.name));
        for (const auto& option : command.options) {
            if (!option.positional) continue;
            out += option.required ? fmt::format(" {}", roff(option.flags))
                                   : fmt::format(" [{}]", roff(option.flags));
        }
        out += fmt::format("\n{}.\n", roff(command.purpose));
        if (!command.details.empty()) out += fmt::format(".PP\n{}\n", roff(command.details));
        for (const auto& option : command.options)
            out += man_option(option);
        out += ".PP\nExamples:\n.nf\n.RS\n";
        for (const auto& example : command.examples)
            out += roff(example) + "\n";
        out += ".RE\n.fi\n.PP\nExit codes:\n";
        for (const auto code : all_exit_codes(command))
            out += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(code), roff(meaning(code)));
    }
    out += ".SH GLOBAL OPTIONS\n";
    for (const auto& option : program.options)
        out += man_option(option);
    return out;
}

std::string bash_completion(const ProgramDoc& program) {
    const auto function = "_" + identifier(program.name);
    std::vector<std::string> names;
    for (const auto& command : program.commands)
        names.push_back(command.name);
    auto out = fmt::format("# bash completion for {0}\n{1}() {{\n", program.name, function);
    out +=
        "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word flags=\n";
    out += "  COMPREPLY=()\n";
    out += fmt::format(
        "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "    case $word in {}) command=$word; break ;; esac\n  done\n",
        fmt::join(names, "|"));
    out += "  case $command:$previous in\n";
    const auto value_cases = [&](const std::string& command, const OptionDoc& option) {
        if (option.value.empty()) return;
        std::vector<std::string> patterns;
        for (const auto& flag : split(option.flags, ','))
            patterns.push_back(command + ":" + flag);
        const auto action = !option.choices.empty()
                                ? fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))",
                                              fmt::join(option.choices, " "))
                            : takes_file(option) ? std::string("compopt -o default")
                                                 : std::string(":");
        out += fmt::format("    {}) {}; return ;;\n", fmt::join(patterns, "|"), action);
    };
    for (const auto& command : program.commands) {
        for (const auto& option : command.options) {
            if (!option.positional) value_cases(command.name, option);
        }
    }
    for (const auto& option : program.options)
        value_cases("*", option);
    out += "  esac\n  case $command in\n";
    for (const auto& command : program.commands) {
        std::vector<std::string> flags;
        for (const auto& option : flags_of(program, command)) {
            for (const auto& flag : split(option.flags, ','))
                flags.push_back(flag);
        }
        out += fmt::format("    {}) flags='{}' ;;\n", command.name, fmt::join(flags, " "));
    }
    out += fmt::format(
        "    *) COMPREPLY=($(compgen -W '{} --help --version' -- \"$current\")); return ;;\n  esac\n",
        fmt::join(names, " "));
    out +=
        "  if [[ $current == -* ]]; then\n"
        "    COMPREPLY=($(compgen -W \"$flags --help\" -- \"$current\"))\n"
        "  else\n    case $command in\n";
    for (const auto& command : program.commands) {
        for (const auto& option : command.options) {
            if (!option.positional || option.choices.empty()) continue;
            out += fmt::format("      {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")) ;;\n",
                               command.name, fmt::join(option.choices, " "));
        }
    }
    out += "      *) compopt -o default ;;\n    esac\n  fi\n}\n";
    out += fmt::format("complete -F {} {}\n", function, program.name);
    return out;
}

std::string zsh_completion(const ProgramDoc& program) {
    const auto escaped = [](std::string_view text) {
        auto out = std::string(text);
        for (const auto* special : {"\\", "[", "]", ":"})
            out = replaced(std::move(out), special, std::string("\\") + special);
        return out;
    };
    const auto action = [](const OptionDoc& option) {
        if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
        if (option.value == "DIRECTORY") return std::string("_files -/");
        return std::string(takes_file(option) ? "_files" : " ");
    };
    auto out = fmt::format(
        "#compdef {0}\n# zsh completion for {0}\n_{1}() {{\n"
        "  local curcontext=$curcontext state line\n"
        "  _arguments -C '1: :->command' '*:: :->rest'\n"
        "  case $state in\n  command)\n    local -a commands=(\n",
        program.name, identifier(program.name));
    for (const auto& command : program.commands)
        out +=
            "      " + single_quoted(escaped(command.name) + ":" + escaped(command.purpose)) + "\n";
    out += "    )\n    _describe command commands ;;\n  rest)\n    case $line[1] in\n";
    for (const auto& command : program.commands) {
        out += fmt::format("    {}) _arguments", command.name);
        for (const auto& option : flags_of(program, command)) {
            for (const auto& flag : split(option.flags, ',')) {
                auto spec = (option.repeated ? "*" : "") + flag + "[" + escaped(option.help) + "]";
                if (!option.value.empty())
                    spec += ":" + escaped(option.value) + ":" + action(option);
                out += " \\\n      " + single_quoted(spec);
            }
        }
        for (const auto& option : command.options) {
            if (!option.positional) continue;
            out += " \\\n      " + single_quoted((option.required ? ":" : "::") +
                                                 escaped(option.flags) + ":" + action(option));
        }
        out += " ;;\n";
    }
    out += fmt::format("    esac ;;\n  esac\n}}\n_{} \"$@\"\n", identifier(program.name));
    return out;
}

std::string fish_completion(const ProgramDoc& program) {
    const auto escaped = [](std::string_view text) {
        return "'" + replaced(replaced(std::string(text), "\\", "\\\\"), "'", "\\'") + "'";
    };
    auto out = fmt::format("# fish completion for {0}\ncomplete -c {0} -f\n", program.name);
    const auto line = [&](const std::string& condition, const OptionDoc& option) {
        out += fmt::format("complete -c {} -n {}", program.name, escaped(condition));
        for (const auto& flag : split(option.flags, ','))
            out += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
        if (!option.value.empty()) out += takes_file(option) ? " -r -F" : " -x";
        if (!option.choices.empty())
            out += " -a " + escaped(fmt::format("{}", fmt::join(option.choices, " ")));
        out += fmt::format(" -d {}\n", escaped(option.help));
    };
    for (const auto& command : program.commands) {
        const auto chosen = "__fish_seen_subcommand_from " + command.name;
        out += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", program.name,
                           command.name, escaped(command.purpose));
        for (const auto& option : command.options) {
            if (!option.positional) {
                line(chosen, option);
            } else if (!option.choices.empty()) {
                out +=
                    fmt::format("complete -c {} -n {} -a {} -d {}\n", program.name, escaped(chosen),
                                escaped(fmt::format("{}", fmt::join(option.choices, " "))),
                                escaped(option.help));
            } else if (takes_file(option)) {
                out += fmt::format("complete -c {} -n {} -F\n", program.name, escaped(chosen));
            }
        }
    }
    for (const auto& option : program.options)
        line("true", option);
    return out;
}

}  // namespace airlock::base
