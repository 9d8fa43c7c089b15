#include "bundler/commands.hpp"

#include "base/counted.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/human_size.hpp"
#include "base/log.hpp"
#include "base/signature.hpp"
#include "bundler/build_plan.hpp"
#include "bundler/bundle_writer.hpp"
#include "manifests/bundle/reader.hpp"
#include "manifests/bundle/report.hpp"

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

constexpr std::string_view kBuildFooter =
    R"(While it is built, the bundle is FILE.partial. A build that was interrupted, by Ctrl-C or by
anything else, goes on from it when the same command is run again.

Exit codes: 0 done; 1 failed, no bundle written; 2 wrong usage; 130 interrupted.

Examples:
  airlock-bundler build -o kit.tar
  airlock-bundler build kit/bundle.yaml -o kit.tar --components cert-manager --key airlock.key
  airlock-bundler build -o kit.tar --mirror quay.io=mirror.corp:5000/quay --registry-ca corp.crt
  airlock-bundler build -o kit.tar --lock kit.lock              # the first time
  airlock-bundler build -o kit.tar --lock kit.lock --locked     # the same again, to the byte
)";

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
    options.hints = {
        .unknown_authority = "name the certificate authority that signed it: --registry-ca FILE",
        .no_tls = "check the port; to use a registry without TLS, add --plain-http HOST"};
    return options;
}

void require_folder_of(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    if (folder.empty() || std::filesystem::is_directory(folder)) return;
    throw Error(Errc::not_found, "cannot write {}: the folder {} is not there", file.string(),
                folder.string())
        .set_hint("make it first, or name another place");
}

ExitCode build(BuildArguments arguments, const std::stop_token& stop) {
    if (arguments.locked && arguments.lock.empty()) {
        throw Error(Errc::usage, "--locked needs --lock FILE")
            .set_hint("name the lock that an earlier build wrote with --lock FILE");
    }
    if (!arguments.platform.empty())
        arguments.build.platform = images::Platform::parse(arguments.platform);
    if (!arguments.installer.empty()) arguments.build.installer = arguments.installer;
    if (arguments.locked) {
        try {
            arguments.build.locked = manifests::Lock::parse(
                base::read_file(arguments.lock, kMaxLock), arguments.lock.string());
        } catch (Error& error) {
            if (error.hint().empty())
                error.set_hint("--lock names the file that an earlier build with --lock wrote");
            throw;
        }
    }
    // Before the long work: a key that is no key, a lock that cannot be written.
    std::optional<std::string> key;
    if (!arguments.key.empty()) {
        key = base::read_file(arguments.key, kMaxKey);
        base::sign({}, *key, arguments.key.string());
    }
    if (!arguments.lock.empty() && !arguments.locked) require_folder_of(arguments.lock);

    auto& description = arguments.build.description;
    if (std::filesystem::is_directory(description)) description /= "bundle.yaml";
    const OutputFile output(arguments.file);
    Sources sources(source_options(arguments), stop);
    const auto plan = make_build_plan(arguments.build, sources, stop);
    std::optional<std::string> signature;
    if (key) signature = base::sign(plan.index, *key, arguments.key.string());
    const auto size = write_bundle(
        plan, output, {.signature = signature, .concurrency = arguments.build.concurrency}, stop);
    if (!arguments.lock.empty() && !arguments.locked)
        base::write_file_durably(arguments.lock, plan.lock_text, 0644);

    const auto index = base::sha256(plan.index);
    if (arguments.output.json()) {
        std::cout << base::dump_json(Json{{"file", arguments.file.string()},
                                          {"index", index.text()},
                                          {"size", size},
                                          {"images", plan.lock.images.size()},
                                          {"signed", signature.has_value()}},
                                     2)
                  << "\n";
    } else {
        std::cout << fmt::format("{}  {} {}, {}, {}\n{}\n", arguments.file.string(), plan.lock.name,
                                 plan.lock.version, base::counted(plan.lock.images.size(), "image"),
                                 base::human_size(size), index.text());
    }
    return ExitCode::done;
}

void add_build(CLI::App& app, Command& chosen) {
    const auto arguments = std::make_shared<BuildArguments>();
    auto* command = app.add_subcommand(
        "build", "Pack the images, the manifests and the installer into one file");
    command->footer(std::string(kBuildFooter));
    const auto file_option = [&](const char* name, std::filesystem::path& to, const char* words) {
        return command->add_option(name, to, words)->type_name("FILE");
    };
    command
        ->add_option("description", arguments->build.description,
                     "the kit's description, or the folder where it is bundle.yaml")
        ->type_name("FILE")
        ->capture_default_str();
    file_option("-o,--file", arguments->file, "the bundle to write")->required();
    command
        ->add_option("--components", arguments->build.components,
                     "optional components to take too, by comma")
        ->type_name("NAME,...")
        ->delimiter(',');
    command
        ->add_option("--platform", arguments->platform,
                     "take this platform of every image, instead of those in the description")
        ->type_name("OS/ARCH[/VARIANT]");
    file_option("--lock", arguments->lock,
                "write what every tag and file resolved to; with --locked: the lock to read");
    command->add_flag("--locked", arguments->locked,
                      "build to the byte what the lock says, or fail and say what differs");
    file_option("--key", arguments->key, "sign with this private key (made by keygen)");
    file_option("--authfile", arguments->authfile,
                "passwords of registries, as docker login and podman login write them; default: "
                "$REGISTRY_AUTH_FILE, then ~/.docker/config.json and the like");
    file_option("--registry-ca", arguments->registry_ca,
                "certificate authority (PEM) to trust besides the host's");
    command
        ->add_option("--plain-http", arguments->plain_http,
                     "speak plain HTTP with this host; may be repeated")
        ->type_name("HOST[:PORT]");
    command
        ->add_option("--mirror", arguments->mirrors,
                     "fetch images and URLs that begin with FROM from TO; may be repeated")
        ->type_name("FROM=TO");
    file_option("--installer", arguments->installer,
                "the installer to put in; default: airlock-installer beside this program");
    command->add_option("--concurrency", arguments->build.concurrency, "blobs fetched at a time")
        ->type_name("N")
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
            const bool with_signature = !arguments->key.empty();
            std::cout << (arguments->output.json()
                              ? base::dump_json(
                                    manifests::describe_verified(bundle, with_signature), 2) +
                                    "\n"
                              : manifests::describe_verified_text(bundle, with_signature));
            return ExitCode::done;
        };
    });
}

struct KeygenArguments {
    std::filesystem::path stem = "airlock";
    Output output;
};

ExitCode keygen(const KeygenArguments& arguments) {
    const auto secret = arguments.stem.string() + ".key";
    const auto open = arguments.stem.string() + ".pub";
    for (const auto& path : {secret, open}) {
        if (std::filesystem::exists(path)) {
            throw Error(Errc::usage, "{} is there already", path)
                .set_hint("a key that is lost cannot be made again: choose another name");
        }
    }
    const auto key = base::generate_signing_key();
    base::write_file_durably(secret, key.private_pem, S_IRUSR | S_IWUSR);
    base::write_file_durably(open, key.public_pem, 0644);
    std::cout << (arguments.output.json()
                      ? base::dump_json(Json{{"privateKey", secret}, {"publicKey", open}}, 2)
                      : secret + "\n" + open)
              << "\n";
    return ExitCode::done;
}

void add_keygen(CLI::App& app, Command& chosen) {
    const auto arguments = std::make_shared<KeygenArguments>();
    auto* command = app.add_subcommand(
        "keygen", "Make a key pair for signing bundles: NAME.key (keep it secret) and NAME.pub");
    command->add_option("name", arguments->stem, "where to write them")->capture_default_str();
    add_output(*command, arguments->output);
    command->callback(
        [arguments, &chosen] { chosen = [arguments](const auto&) { return keygen(*arguments); }; });
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
