#include "base/command_line.hpp"

#include "base/log.hpp"
#include "base/version.hpp"

#include <CLI/CLI.hpp>

#include <deque>
#include <iostream>

namespace airlock::base {
namespace {

void describe(CLI::Option& option, const OptionDoc& doc) {
    option.description(full_help(doc));
    option.type_name(doc.value);
    option.required(doc.required);
    if (!doc.choices.empty()) option.check(CLI::IsMember(doc.choices).description(""));
    if (!doc.group.empty()) option.group(doc.group);
}

// CLI11 looks for what is missing before it looks at what it does not know, which is the reason
// more often. What stands behind a misspelled command is unknown as well.
std::string explain(const CLI::App& app, const CLI::ParseError& problem) {
    const auto unknown = app.remaining(true);
    if (app.get_subcommands().empty()) {
        std::string names;
        for (const auto* command : app.get_subcommands({})) {
            if (command->get_group().empty()) continue;
            names += (names.empty() ? "" : ", ") + command->get_name();
        }
        if (!unknown.empty() && !unknown.front().starts_with("-"))
            return fmt::format("unknown command \"{}\"; available commands: {}", unknown.front(),
                               names);
        if (unknown.empty() && dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr)
            return "a command is required; available commands: " + names;
    }
    for (const auto& word : unknown) {
        if (word.starts_with("-")) return "unknown option " + word;
    }
    return problem.what();
}

}  // namespace

struct Command::State {
    CLI::App* app;
    CommandDoc doc;
    std::function<ExitCode(const std::stop_token&)> body;
    std::string group = "Options";

    OptionDoc prepare(OptionDoc doc_of_option, bool positional) {
        doc_of_option.positional = positional;
        if (doc_of_option.group.empty()) doc_of_option.group = positional ? "Arguments" : group;
        doc.options.push_back(doc_of_option);
        return doc_of_option;
    }
    template <typename To>
    void add(const OptionDoc& given, To& to, bool positional) {
        const auto option = prepare(given, positional);
        describe(*app->add_option(option.flags, to, option.help), option);
    }
};

Command::Command(std::unique_ptr<State> state) : state_(std::move(state)) {}
Command::~Command() = default;
Command::Command(Command&&) noexcept = default;
Command& Command::operator=(Command&&) noexcept = default;

void Command::group(std::string title) {
    state_->group = std::move(title);
}

void Command::argument(const OptionDoc& doc, std::filesystem::path& to) {
    state_->add(doc, to, true);
}
void Command::argument(const OptionDoc& doc, std::string& to) {
    state_->add(doc, to, true);
}
void Command::option(const OptionDoc& doc, std::string& to) {
    state_->add(doc, to, false);
}
void Command::option(const OptionDoc& doc, std::filesystem::path& to) {
    state_->add(doc, to, false);
}

void Command::option(const OptionDoc& doc, std::vector<std::string>& to, bool comma_separated) {
    auto repeated = doc;
    repeated.repeated = true;
    const auto prepared = state_->prepare(std::move(repeated), false);
    auto* option =
        state_->app->add_option(prepared.flags, to, prepared.help)->allow_extra_args(false);
    if (comma_separated) option->delimiter(',');
    describe(*option, prepared);
}

void Command::flag(const OptionDoc& doc, bool& to) {
    const auto prepared = state_->prepare(doc, false);
    describe(*state_->app->add_flag(prepared.flags, to, prepared.help), prepared);
}

void Command::number_option(const OptionDoc& doc, std::optional<std::int64_t> current,
                            std::int64_t low, std::int64_t high,
                            std::function<void(std::int64_t)> set) {
    auto with_default = doc;
    if (current) with_default.fallback = std::to_string(*current);
    const auto prepared = state_->prepare(std::move(with_default), !current);
    auto* option = state_->app->add_option_function<std::int64_t>(prepared.flags, std::move(set),
                                                                  prepared.help);
    option->check(CLI::Range(low, high).description(""));
    describe(*option, prepared);
}

void Command::format(Format& to) {
    const auto prepared = state_->prepare({.flags = "--format",
                                           .value = "FORMAT",
                                           .help = "format of standard output",
                                           .choices = {"text", "json"},
                                           .fallback = "text"},
                                          false);
    auto* option = state_->app->add_option_function<std::string>(
        prepared.flags,
        [&to](const std::string& word) { to = word == "json" ? Format::json : Format::text; },
        prepared.help);
    describe(*option, prepared);
}

void Command::run(std::function<ExitCode(const std::stop_token&)> body) {
    state_->body = std::move(body);
}

struct CommandLine::State {
    CLI::App app;
    ProgramDoc doc;
    std::deque<Command> commands;
    std::string log_level = "info";
    std::string log_format = "text";
    std::string shell;
    CLI::App* man = nullptr;

    State(const std::string& program, const std::string& purpose)
        : app(purpose, program),
          doc{.name = program,
              .purpose = purpose,
              .version = std::string(kVersion),
              .commands = {},
              .options = {}} {
        app.require_subcommand(1);
        app.set_version_flag("--version", doc.version);
        app.get_formatter()->column_width(34);
        app.get_formatter()->label("REQUIRED", "");
        doc.options = {{.flags = "--log-level",
                        .value = "LEVEL",
                        .help = "least severe log lines to write to standard error",
                        .choices = {"debug", "info", "warn", "error", "off"},
                        .fallback = "info"},
                       {.flags = "--log-format",
                        .value = "FORMAT",
                        .help = "format of log lines",
                        .choices = {"text", "json"},
                        .fallback = "text"}};
        describe(*app.add_option(doc.options[0].flags, log_level, doc.options[0].help),
                 doc.options[0]);
        describe(*app.add_option(doc.options[1].flags, log_format, doc.options[1].help),
                 doc.options[1]);
        app.fallthrough();
        app.footer(fmt::format(
            "Run '{} COMMAND --help' for a command's options, examples and exit codes.\n",
            program));
        app.parse_complete_callback(
            [this] { init_logging(parse_log_level(log_level), parse_log_format(log_format)); });
    }
};

CommandLine::CommandLine(std::string program, std::string purpose)
    : state_(std::make_unique<State>(std::move(program), std::move(purpose))) {}

CommandLine::~CommandLine() = default;

Command& CommandLine::command(CommandDoc doc) {
    auto* app = state_->app.add_subcommand(doc.name, doc.purpose);
    app->footer(help_footer(doc) +
                fmt::format("\nRun '{} --help' for options of every command.\n", state_->doc.name));
    auto state = std::make_unique<Command::State>();
    state->app = app;
    state->doc = std::move(doc);
    state_->commands.push_back(Command(std::move(state)));
    return state_->commands.back();
}

ProgramDoc CommandLine::doc() const {
    auto out = state_->doc;
    for (const auto& command : state_->commands)
        out.commands.push_back(command.state_->doc);
    return out;
}

// Last, so that they come after the program's own in --help.
void CommandLine::add_built_in_commands() {
    auto& completion =
        command({.name = "completion",
                 .purpose = "Print the completion script for a shell",
                 .examples = {fmt::format("source <({} completion bash)", state_->doc.name)},
                 .exit_codes = {ExitCode::done}});
    completion.argument({.flags = "SHELL",
                         .help = "the shell",
                         .required = true,
                         .choices = {"bash", "zsh", "fish"}},
                        state_->shell);
    completion.run([this](const std::stop_token&) {
        const auto docs = doc();
        std::cout << (state_->shell == "bash"  ? bash_completion(docs)
                      : state_->shell == "zsh" ? zsh_completion(docs)
                                               : fish_completion(docs));
        return ExitCode::done;
    });
    // For packagers: not in --help.
    state_->man = state_->app.add_subcommand("man", "Print the man page")->group("");
}

ExitCode CommandLine::run(int argc, const char* const* argv, const std::stop_token& stop) {
    if (state_->man == nullptr) add_built_in_commands();
    auto& app = state_->app;
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        app.exit(asked);
        return ExitCode::done;
    } catch (const CLI::ParseError& problem) {
        const auto chosen = app.get_subcommands();
        std::cerr << fmt::format("{}: {}\nRun '{}{} --help' for usage.\n", app.get_name(),
                                 explain(app, problem), app.get_name(),
                                 chosen.empty() ? "" : " " + chosen.front()->get_name());
        return ExitCode::usage;
    }
    if (state_->man->parsed()) {
        std::cout << man_page(doc());
        return ExitCode::done;
    }
    for (const auto& command : state_->commands) {
        if (command.state_->app->parsed()) return command.state_->body(stop);
    }
    return ExitCode::usage;
}

}  // namespace airlock::base
