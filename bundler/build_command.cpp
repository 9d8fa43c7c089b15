#include "bundler/build_command.hpp"

#include "base/counted.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/human_size.hpp"
#include "base/json.hpp"
#include "base/signature.hpp"
#include "bundler/bundle_writer.hpp"

#include <iostream>

namespace airlock::bundler {
namespace {

using base::Errc;
using base::Error;
using base::ExitCode;
using base::Format;
using base::Json;

constexpr std::size_t kMaxKey = 64 * 1024;
constexpr std::size_t kMaxLock = 64 * 1024 * 1024;

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
    options.credentials.set_hint("run docker login or podman login, or use --authfile FILE");
    options.plain_http.insert(arguments.plain_http.begin(), arguments.plain_http.end());
    options.mirrors = arguments.mirrors;
    options.hints = {
        .unknown_authority = "name the certificate authority that signed it: --registry-ca FILE",
        .no_tls = "check the port; to use a registry without TLS, add --plain-http HOST"};
    return options;
}

void require_directory_of(const std::filesystem::path& file) {
    const auto directory = file.parent_path();
    if (directory.empty() || std::filesystem::is_directory(directory)) return;
    throw Error(Errc::not_found, "cannot write {}: the directory {} does not exist", file.string(),
                directory.string())
        .set_hint("create it, or choose another path");
}

}  // namespace

ExitCode build_command(BuildArguments arguments, const std::stop_token& stop) {
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
        base::with_hint("make a key pair with: airlock-bundler keygen",
                        [&] { base::sign({}, *key, arguments.key.string()); });
    }
    if (!arguments.lock.empty() && !arguments.locked) require_directory_of(arguments.lock);

    auto& description = arguments.build.description;
    if (std::filesystem::is_directory(description)) description /= "bundle.yaml";
    const OutputFile output(arguments.output);
    Sources sources(source_options(arguments), stop);
    const auto plan = make_build_plan(arguments.build, sources, stop);
    std::optional<std::string> signature;
    if (key) signature = base::sign(plan.index, *key, arguments.key.string());
    const auto size = write_bundle(
        plan, output, {.signature = signature, .concurrency = arguments.build.concurrency}, stop);
    if (!arguments.lock.empty() && !arguments.locked)
        base::write_file_durably(arguments.lock, plan.lock_text, 0644);

    const auto index = base::sha256(plan.index);
    if (arguments.format == Format::json) {
        std::cout << base::dump_json(Json{{"file", arguments.output.string()},
                                          {"index", index.text()},
                                          {"size", size},
                                          {"images", plan.lock.images.size()},
                                          {"signed", signature.has_value()}},
                                     2)
                  << "\n";
    } else {
        std::cout << fmt::format(
            "{}  {} {}, {}, {}\n{}\n", arguments.output.string(), plan.lock.name, plan.lock.version,
            base::counted(plan.lock.images.size(), "image"), base::human_size(size), index.text());
    }
    return ExitCode::done;
}

}  // namespace airlock::bundler
