#include "bundler/commands.hpp"

#include "bundler/build_command.hpp"
#include "bundler/keygen_command.hpp"
#include "manifests/bundle/bundle_commands.hpp"

#include <memory>

namespace airlock::bundler {
namespace {

using base::ExitCode;

void add_build(base::CommandLine& line) {
    const auto arguments = std::make_shared<BuildArguments>();
    auto& all = *arguments;
    auto& command = line.command(
        {.name = "build",
         .purpose = "Pack images, manifests and the installer into one bundle",
         .details = "The bundle is written to FILE.partial and renamed when it is complete. An\n"
                    "interrupted build resumes when the same command is run again.",
         .examples = {"airlock-bundler build -o kit.tar",
                      "airlock-bundler build kit/bundle.yaml -o kit.tar --components cert-manager "
                      "--key airlock.key",
                      "airlock-bundler build -o kit.tar --mirror quay.io=mirror.corp:5000/quay "
                      "--registry-ca corp.crt",
                      "airlock-bundler build -o kit.tar --lock kit.lock",
                      "airlock-bundler build -o kit.tar --lock kit.lock --locked"},
         .exit_codes = {ExitCode::done, ExitCode::failed}});
    command.argument({.flags = "DESCRIPTION",
                      .value = "FILE",
                      .help = "bundle.yaml, or the directory that holds it",
                      .fallback = "bundle.yaml"},
                     all.build.description);
    command.option(
        {.flags = "-o,--output", .value = "FILE", .help = "the bundle to write", .required = true},
        all.output);
    command.format(all.format);
    command.group("Contents");
    command.option({.flags = "--components",
                    .value = "NAME,...",
                    .help = "optional components to include, comma-separated"},
                   all.build.components, true);
    command.option({.flags = "--platform",
                    .value = "OS/ARCH[/VARIANT]",
                    .help = "platform of every image, instead of those in bundle.yaml"},
                   all.platform);
    command.option({.flags = "--installer",
                    .value = "FILE",
                    .help = "installer to include",
                    .fallback = "airlock-installer beside this program"},
                   all.installer);
    command.group("Reproducibility and signature");
    command.option({.flags = "--lock",
                    .value = "FILE",
                    .help = "write what every tag and file resolved to; with --locked, read it"},
                   all.lock);
    command.flag(
        {.flags = "--locked",
         .help = "fail and list the differences if the build does not match the lock file"},
        all.locked);
    command.option({.flags = "--key",
                    .value = "FILE",
                    .help = "private key (PEM) to sign with; keygen generates one"},
                   all.key);
    command.group("Registries");
    command.option({.flags = "--authfile",
                    .value = "FILE",
                    .help = "registry credentials, as docker login and podman login write them",
                    .fallback = "$REGISTRY_AUTH_FILE, ~/.docker/config.json"},
                   all.authfile);
    command.option({.flags = "--registry-ca",
                    .value = "FILE",
                    .help = "certificate authority (PEM) to trust besides the host's"},
                   all.registry_ca);
    command.option({.flags = "--plain-http",
                    .value = "HOST[:PORT]",
                    .help = "use plain HTTP with this host; may be repeated"},
                   all.plain_http);
    command.option({.flags = "--mirror",
                    .value = "FROM=TO",
                    .help = "fetch images and URLs that begin with FROM from TO; may be repeated"},
                   all.mirrors);
    command.number({.flags = "--concurrency", .value = "N", .help = "blobs to fetch at a time"},
                   all.build.concurrency, 1, 64);
    command.run(
        [arguments](const std::stop_token& stop) { return build_command(*arguments, stop); });
}

void add_keygen(base::CommandLine& line) {
    const auto arguments = std::make_shared<KeygenArguments>();
    auto& command =
        line.command({.name = "keygen",
                      .purpose = "Generate a key pair for signing bundles",
                      .details = "Writes NAME.key, which must be kept secret, and NAME.pub.",
                      .examples = {"airlock-bundler keygen release"},
                      .exit_codes = {ExitCode::done, ExitCode::failed}});
    command.argument({.flags = "NAME",
                      .value = "FILE",
                      .help = "path of the two files without their extension",
                      .fallback = "airlock"},
                     arguments->name);
    command.format(arguments->format);
    command.run([arguments](const std::stop_token&) { return keygen_command(*arguments); });
}

}  // namespace

void add_commands(base::CommandLine& line) {
    add_build(line);
    manifests::add_bundle_commands(line, "airlock-bundler");
    add_keygen(line);
}

}  // namespace airlock::bundler
