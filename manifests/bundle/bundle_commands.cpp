#include "manifests/bundle/bundle_commands.hpp"

#include "base/file.hpp"
#include "base/json.hpp"
#include "manifests/bundle/report.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

namespace airlock::manifests {
namespace {

using base::ExitCode;
using base::Format;

constexpr std::size_t kMaxKey = 64 * 1024;

struct Arguments {
    BundleArguments bundle;
    Format format = Format::text;
};

void print(Format format, const base::Json& json, const std::string& text) {
    std::cout << (format == Format::json ? base::dump_json(json, 2) + "\n" : text);
}

}  // namespace

void add_bundle_arguments(base::Command& command, BundleArguments& arguments) {
    command.argument({.flags = "BUNDLE", .value = "FILE", .help = "the bundle", .required = true},
                     arguments.file);
    command.option({.flags = "--key",
                    .value = "FILE",
                    .help = "public key (PEM) that the bundle must be signed with"},
                   arguments.key);
}

Bundle open_bundle(const BundleArguments& arguments) {
    std::optional<std::string> key;
    if (!arguments.key.empty()) key = base::read_file(arguments.key, kMaxKey);
    return Bundle::open(arguments.file, key, arguments.key.string());
}

void add_bundle_commands(base::CommandLine& line, std::string_view program) {
    const auto define = [&](base::CommandDoc doc, auto body) {
        const auto arguments = std::make_shared<Arguments>();
        auto& command = line.command(std::move(doc));
        add_bundle_arguments(command, arguments->bundle);
        command.format(arguments->format);
        command.run([arguments, body](const std::stop_token& stop) {
            body(*arguments, open_bundle(arguments->bundle), stop);
            return ExitCode::done;
        });
    };
    define({.name = "inspect",
            .purpose = "Show the contents of a bundle without reading its layers",
            .examples = {fmt::format("{} inspect kit.tar", program),
                         fmt::format("{} inspect kit.tar --format json", program)},
            .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::refused}},
           [](const Arguments& arguments, const Bundle& bundle, const std::stop_token&) {
               print(arguments.format, describe_bundle(bundle), describe_bundle_text(bundle));
           });
    define({.name = "verify",
            .purpose = "Verify every digest in a bundle, and its signature when --key is given",
            .examples = {fmt::format("{} verify kit.tar --key airlock.pub", program)},
            .exit_codes = {ExitCode::done, ExitCode::failed, ExitCode::refused}},
           [](const Arguments& arguments, const Bundle& bundle, const std::stop_token& stop) {
               bundle.verify_all(stop);
               const bool with_signature = !arguments.bundle.key.empty();
               print(arguments.format, describe_verified(bundle, with_signature),
                     describe_verified_text(bundle, with_signature));
           });
}

}  // namespace airlock::manifests
