#include "bundler/commands.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "base/signature.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "manifests/bundle.hpp"
#include "manifests/bundle_report.hpp"

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <iostream>
#include <memory>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using base::ExitCode;
using base::Json;

constexpr std::size_t kMaxKey = 64 * 1024;
constexpr std::size_t kMaxLock = 64 * 1024 * 1024;

struct Output {
    std::string format = "text";
    bool json() const { return format == "json"; }
};

void add_output(CLI::App& app, Output& output) {
    app.add_option("--output", output.format, "text or json, on standard output")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

struct BuildArguments {
    BuildOptions build;
    Output output;
    std::filesystem::path file;
    std::string platform;
    std::filesystem::path lock;
    bool locked = false;
    std::filesystem::path key;
    std::filesystem::path authfile;
    std::filesystem::path registry_ca;
    std::filesystem::path installer;
    std::vector<std::string> plain_http;
    std::vector<std::string> mirrors;
};

SourceOptions source_options(const BuildArguments& arguments) {
    SourceOptions options;
    if (arguments.registry_ca.empty()) {
        options.trust = base::TrustStore::with_host();
    } else {
        const auto pem = base::read_file(arguments.registry_ca, kMaxKey * 16);
        options.trust = base::TrustStore::with_host(pem, arguments.registry_ca.string());
    }
    options.credentials = images::CredentialStore::load(
        arguments.authfile.empty() ? std::nullopt : std::optional(arguments.authfile));
    options.plain_http.insert(arguments.plain_http.begin(), arguments.plain_http.end());
    options.mirrors = arguments.mirrors;
    return options;
}

ExitCode build(BuildArguments arguments, const std::stop_token& stop) {
    if (arguments.locked && arguments.lock.empty())
        throw Error(Errc::usage, "--locked needs --lock FILE");
    if (!arguments.platform.empty())
        arguments.build.platform = images::Platform::parse(arguments.platform);
    if (!arguments.installer.empty()) arguments.build.installer = arguments.installer;
    if (arguments.locked) {
        arguments.build.locked = manifests::Lock::parse(base::read_file(arguments.lock, kMaxLock),
                                                        arguments.lock.string());
    }
    // Before the long work: a key that is no key.
    std::optional<std::string> key;
    if (!arguments.key.empty()) key = base::read_file(arguments.key, kMaxKey);

    const OutputFile output(arguments.file);
    Sources sources(source_options(arguments), stop);
    const auto plan = make_build_plan(arguments.build, sources, stop);
    std::optional<std::string> signature;
    if (key) signature = base::sign(plan.index, *key, arguments.key.string());
    const auto size = write_bundle(plan, signature, output, arguments.build.concurrency, stop);
    if (!arguments.lock.empty() && !arguments.locked)
        base::write_file_durably(arguments.lock, plan.lock_text, 0644);

    const auto index = base::sha256(plan.index);
    if (arguments.output.json()) {
        std::cout << base::dump_json(Json{{"file", arguments.file.string()},
                                          {"index", index.text()},
                                          {"size", size},
                                          {"images", plan.lock.images.size()},
                                          {"signed", signature.has_value()}})
                  << "\n";
    } else {
        std::cout << fmt::format("{}  {} {}, {} images, {}\n{}\n", arguments.file.string(),
                                 plan.lock.name, plan.lock.version, plan.lock.images.size(),
                                 base::human_size(size), index.text());
    }
    return ExitCode::done;
}

void add_build(CLI::App& app, Command& chosen) {
    const auto arguments = std::make_shared<BuildArguments>();
    auto* command = app.add_subcommand(
        "build", "Pack the images, the manifests and the installer into one file");
    command->add_option("description", arguments->build.description, "the kit's description")
        ->capture_default_str();
    command->add_option("-o,--file", arguments->file, "the bundle to write")->required();
    command
        ->add_option("--components", arguments->build.components,
                     "optional components to take, by comma")
        ->delimiter(',');
    command->add_option("--platform", arguments->platform,
                        "os/architecture, instead of those in bundle.yaml");
    command->add_option("--lock", arguments->lock, "write what was resolved to FILE");
    command->add_flag("--locked", arguments->locked,
                      "resolve to exactly what the lock FILE says, or fail");
    command->add_option("--key", arguments->key, "sign with this private key (made by keygen)");
    command->add_option("--authfile", arguments->authfile,
                        "credentials for registries, as docker and podman write them");
    command->add_option("--registry-ca", arguments->registry_ca,
                        "certificate authority to trust besides the host's");
    command->add_option("--plain-http", arguments->plain_http,
                        "HOST[:PORT] to speak plain HTTP with");
    command->add_option("--mirror", arguments->mirrors,
                        "FROM=TO: fetch what begins with FROM from TO");
    command->add_option("--installer", arguments->installer,
                        "the installer to put in; default: beside this program");
    command->add_option("--concurrency", arguments->build.concurrency, "blobs fetched at a time")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    add_output(*command, arguments->output);
    command->callback([arguments, &chosen] {
        chosen = [arguments](const auto& stop) { return build(*arguments, stop); };
    });
}

struct BundleArguments {
    std::filesystem::path file;
    std::filesystem::path key;
    Output output;
};

manifests::Bundle open_bundle(const BundleArguments& arguments) {
    std::optional<std::string> key;
    if (!arguments.key.empty()) key = base::read_file(arguments.key, kMaxKey);
    return manifests::Bundle::open(arguments.file, key, arguments.key.string());
}

void add_inspect(CLI::App& app, Command& chosen) {
    const auto arguments = std::make_shared<BundleArguments>();
    auto* command = app.add_subcommand("inspect", "Say what a bundle holds");
    command->add_option("file", arguments->file, "the bundle")->required();
    add_output(*command, arguments->output);
    command->callback([arguments, &chosen] {
        chosen = [arguments](const auto&) {
            const auto bundle = open_bundle(*arguments);
            std::cout << (arguments->output.json()
                              ? base::dump_json(manifests::describe_bundle(bundle), 2) + "\n"
                              : manifests::describe_bundle_text(bundle));
            return ExitCode::done;
        };
    });
}

void add_verify(CLI::App& app, Command& chosen) {
    const auto arguments = std::make_shared<BundleArguments>();
    auto* command = app.add_subcommand("verify", "Read every byte of a bundle and check it");
    command->add_option("file", arguments->file, "the bundle")->required();
    command->add_option("--key", arguments->key, "the public key that must have signed it");
    add_output(*command, arguments->output);
    command->callback([arguments, &chosen] {
        chosen = [arguments](const auto& stop) {
            const auto bundle = open_bundle(*arguments);
            bundle.verify_all(stop);
            if (arguments->output.json()) {
                std::cout << base::dump_json(Json{{"file", arguments->file.string()},
                                                  {"index", bundle.index_digest().text()},
                                                  {"verified", true},
                                                  {"signatureChecked", !arguments->key.empty()}})
                          << "\n";
            } else {
                std::cout << fmt::format("{}: every byte is right{}\n", arguments->file.string(),
                                         arguments->key.empty() ? "" : ", and so is the signature");
            }
            return ExitCode::done;
        };
    });
}

void add_keygen(CLI::App& app, Command& chosen) {
    const auto stem = std::make_shared<std::filesystem::path>("airlock");
    auto* command = app.add_subcommand(
        "keygen", "Make a key pair for signing bundles: NAME.key (keep it secret) and NAME.pub");
    command->add_option("name", *stem, "where to write them")->capture_default_str();
    command->callback([stem, &chosen] {
        chosen = [stem](const auto&) {
            const auto secret = stem->string() + ".key";
            const auto open = stem->string() + ".pub";
            for (const auto& path : {secret, open}) {
                if (std::filesystem::exists(path)) {
                    throw Error(Errc::usage, "{} is there already", path)
                        .set_hint("a key that is lost cannot be made again: choose another name");
                }
            }
            const auto key = base::generate_signing_key();
            base::write_file_durably(secret, key.private_pem, S_IRUSR | S_IWUSR);
            base::write_file_durably(open, key.public_pem, 0644);
            std::cout << secret << "\n" << open << "\n";
            return ExitCode::done;
        };
    });
}

}  // namespace

void add_commands(CLI::App& app, Command& chosen) {
    app.require_subcommand(1);
    add_build(app, chosen);
    add_inspect(app, chosen);
    add_verify(app, chosen);
    add_keygen(app, chosen);
}

}  // namespace airlock::bundler
