#include "installer/commands.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "installer/generation_store.hpp"
#include "installer/transaction.hpp"
#include "manifests/bundle_report.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <iostream>
#include <memory>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::ExitCode;

constexpr std::size_t kMaxKey = 1024 * 1024;

struct Arguments {
    std::filesystem::path file;
    std::string registry;
    std::filesystem::path registry_ca;
    std::filesystem::path authfile;
    std::string username;
    bool password_stdin = false;
    std::filesystem::path kubeconfig;
    std::string context;
    std::vector<std::string> components;
    std::vector<std::string> values;
    std::filesystem::path key;
    TransactionOptions transaction;
    long timeout = 300;
    std::string on_failure = "rollback";
    bool yes = false;
    std::string output = "text";
    int target = -1;

    bool json() const { return output == "json"; }
};

struct RegistryPlace {
    std::string host;
    std::string prefix;
    bool plain_http = false;
};

// [http://]HOST[:PORT][/PREFIX]
RegistryPlace parse_registry(std::string text) {
    RegistryPlace out;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        out.plain_http = scheme == "http://";
        text.erase(0, scheme.size());
        break;
    }
    while (text.ends_with('/'))
        text.pop_back();
    const auto slash = text.find('/');
    out.host = text.substr(0, slash);
    if (slash != std::string::npos) out.prefix = text.substr(slash + 1);
    try {
        images::Reference::parse(text + "/x");
    } catch (const Error& error) {
        throw Error(Errc::usage, "--registry {}: {}", text, error.message())
            .set_hint("it is [http://]HOST[:PORT][/PREFIX]");
    }
    return out;
}

manifests::Bundle open_bundle(const Arguments& arguments) {
    std::optional<std::string> key;
    if (!arguments.key.empty()) key = base::read_file(arguments.key, kMaxKey);
    return manifests::Bundle::open(arguments.file, key, arguments.key.string());
}

// Everything that a command needs to reach: made once the arguments are known.
class Session {
  public:
    Session(const Arguments& arguments, RegistryPlace place, std::stop_token stop)
        : place_(std::move(place)) {
        images::RegistryOptions options;
        if (!arguments.registry_ca.empty()) {
            options.trust = base::TrustStore::with_host(
                base::read_file(arguments.registry_ca, kMaxKey), arguments.registry_ca.string());
        }
        options.plain_http = place_.plain_http;
        options.credentials = images::CredentialStore::load(
            arguments.authfile.empty() ? std::nullopt : std::optional(arguments.authfile));
        if (!arguments.username.empty()) {
            if (!arguments.password_stdin)
                throw Error(Errc::usage, "--username needs --password-stdin")
                    .set_hint(
                        "a password in the arguments could be seen by everybody on this host");
            std::string password;
            std::getline(std::cin, password);
            options.credentials.set(
                place_.host,
                {.username = arguments.username, .password = password, .identity_token = {}});
        }
        credentials_ = options.credentials.find(place_.host, place_.prefix);
        registry_ = std::make_unique<images::RegistryClient>(place_.host, std::move(options),
                                                             std::move(stop));
    }

    images::RegistryClient& registry() { return *registry_; }
    const RegistryPlace& place() const { return place_; }
    const std::optional<images::Credentials>& credentials() const { return credentials_; }

  private:
    RegistryPlace place_;
    std::optional<images::Credentials> credentials_;
    std::unique_ptr<images::RegistryClient> registry_;
};

std::unique_ptr<KubeClient> connect(const Arguments& arguments, const std::stop_token& stop) {
    return std::make_unique<KubeClient>(
        KubeConfig::load(
            arguments.kubeconfig.empty() ? std::nullopt : std::optional(arguments.kubeconfig),
            arguments.context),
        stop);
}

PlanRequest plan_request(const Arguments& arguments, const Session& session) {
    PlanRequest request{.registry = session.place().host,
                        .prefix = session.place().prefix,
                        .components = arguments.components,
                        .values = {},
                        .pull_credentials = session.credentials()};
    for (const auto& text : arguments.values) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Error(Errc::usage, "--set {} is not NAME=VALUE", text);
        request.values[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return request;
}

void confirm(const Arguments& arguments, const std::string& question) {
    if (arguments.yes) return;
    if (::isatty(STDIN_FILENO) != 1)
        throw Error(Errc::usage, "{} Nobody is here to ask", question)
            .set_hint("add --yes when that is what you want");
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "y" && answer != "Y" && answer != "yes")
        throw Error(Errc::cancelled, "not confirmed; nothing was changed");
}

// What must hold before anything is touched; everything that does not is told at once.
void preflight(KubeClient& client, images::RegistryClient& registry, const InstallPlan& plan) {
    std::vector<base::Problem> problems;
    const auto need = [&](const std::string& verb, const std::string& group,
                          const std::string& resource, const std::string& name_space = {}) {
        if (client.allowed(verb, group, resource, name_space)) return;
        problems.push_back({.where = "permission",
                            .message = fmt::format("may not {} {}{}", verb, resource,
                                                   group.empty() ? "" : "." + group),
                            .hint = "use the kubeconfig of a cluster administrator"});
    };
    need("patch", "", "namespaces");
    need("patch", "", "nodes/status");
    need("create", "", "secrets", "kube-system");
    need("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations");
    base::throw_if_any(Errc::denied,
                       "this user has not the rights that installing needs:", problems);
    if (!plan.targets.empty() && !registry.can_delete(plan.targets.front().repository)) {
        base::log_warn(
            "the registry {} does not delete: a rollback will leave the new tags and say which",
            registry.host());
    }
}

void print_summary(const Arguments& arguments, const InstallSummary& summary) {
    if (arguments.json()) {
        Json tags = Json::array();
        for (const auto& tag : summary.push.tags)
            tags.push_back({{"repository", tag.repository},
                            {"tag", tag.tag},
                            {"digest", tag.new_digest.text()}});
        std::cout << base::dump_json(Json{{"objects", summary.objects},
                                          {"tags", tags},
                                          {"blobs", summary.push.blobs.size()},
                                          {"bytes", summary.push.bytes}},
                                     2)
                  << "\n";
        return;
    }
    for (const auto& line : summary.objects)
        std::cout << line << "\n";
    for (const auto& tag : summary.push.tags)
        std::cout << "tag    " << tag.repository << ":" << tag.tag << " -> "
                  << tag.new_digest.short_hex() << "\n";
    std::cout << fmt::format("send   {} blobs, {}\n", summary.push.blobs.size(),
                             base::human_size(summary.push.bytes));
}

ExitCode install(Arguments arguments, const std::stop_token& stop, bool only_plan) {
    arguments.transaction.timeout = std::chrono::seconds(arguments.timeout);
    arguments.transaction.roll_back_on_failure = arguments.on_failure == "rollback";
    const auto bundle = open_bundle(arguments);
    Session session(arguments, parse_registry(arguments.registry), stop);
    session.registry().ping();
    const auto client = connect(arguments, stop);
    base::log_info("cluster {}, registry {}", client->server_version(), session.place().host);
    const auto request = plan_request(arguments, session);
    auto plan = make_install_plan(*client, bundle, request);
    preflight(*client, session.registry(), plan);
    Transaction transaction(*client, session.registry(), arguments.transaction, stop);
    const auto summary = transaction.summarize(bundle, plan);
    if (only_plan) {
        print_summary(arguments, summary);
        return ExitCode::done;
    }
    const auto generations = load_generations(*client);
    const bool same = !generations.empty() && generations.back().fingerprint == plan.fingerprint;
    if (same && !transaction.unfinished() && summary.nothing_to_do()) {
        std::cout << fmt::format("nothing to change: {} {} is installed as generation {}\n",
                                 bundle.lock().name, bundle.lock().version,
                                 generations.back().number);
        return ExitCode::done;
    }
    confirm(arguments,
            fmt::format("Install {} {}: {} objects, {} tags?", bundle.lock().name,
                        bundle.lock().version, summary.objects.size(), summary.push.tags.size()));
    const auto code = transaction.install(bundle, plan, request, session.place().plain_http);
    if (code == ExitCode::done)
        std::cout << fmt::format("installed {} {}\n", bundle.lock().name, bundle.lock().version);
    return code;
}

ExitCode push_only(const Arguments& arguments, const std::stop_token& stop) {
    const auto bundle = open_bundle(arguments);
    Session session(arguments, parse_registry(arguments.registry), stop);
    session.registry().ping();
    const auto plan = plan_push(session.registry(), bundle,
                                plan_targets(bundle.lock().images, session.place().prefix),
                                arguments.transaction.concurrency, stop);
    verify_blobs(bundle, plan, stop);
    push(session.registry(), bundle, plan, arguments.transaction.concurrency, stop);
    for (const auto& move : plan.tags)
        move_tag(session.registry(), bundle, move);
    if (arguments.json()) {
        std::cout << base::dump_json(Json{{"blobs", plan.blobs.size()},
                                          {"bytes", plan.bytes},
                                          {"tags", plan.tags.size()}})
                  << "\n";
    } else {
        std::cout << fmt::format("{} blobs ({}) sent, {} tags moved\n", plan.blobs.size(),
                                 base::human_size(plan.bytes), plan.tags.size());
    }
    return ExitCode::done;
}

ExitCode roll_back(Arguments arguments, const std::stop_token& stop) {
    arguments.transaction.timeout = std::chrono::seconds(arguments.timeout);
    const auto client = connect(arguments, stop);
    client->server_version();
    RegistryPlace place;
    if (!arguments.registry.empty()) {
        place = parse_registry(arguments.registry);
    } else {
        // The registry that the record names.
        const auto generations = load_generations(*client);
        const auto pending = base::read_file_if_present(
            arguments.transaction.state_dir / "pending.json", 256U << 20U);
        std::optional<Generation> last;
        if (pending)
            last =
                Generation::from_json(base::parse_json(*pending, "pending.json"), "pending.json");
        else if (!generations.empty())
            last = generations.back();
        if (!last) {
            std::cout << "nothing is installed, nothing to roll back\n";
            return ExitCode::done;
        }
        place = {.host = last->registry, .prefix = last->prefix, .plain_http = last->plain_http};
    }
    Session session(arguments, place, stop);
    session.registry().ping();
    Transaction transaction(*client, session.registry(), arguments.transaction, stop);
    confirm(arguments, "Roll back?");
    const auto code = transaction.roll_back(arguments.target);
    if (code == ExitCode::done) std::cout << "rolled back\n";
    return code;
}

ExitCode history(const Arguments& arguments, const std::stop_token& stop, bool newest_only) {
    const auto client = connect(arguments, stop);
    auto generations = load_generations(*client);
    if (newest_only && generations.size() > 1)
        generations.erase(generations.begin(), generations.end() - 1);
    if (arguments.json()) {
        Json json = Json::array();
        for (const auto& g : generations) {
            json.push_back({{"generation", g.number},
                            {"bundle", g.bundle},
                            {"version", g.version},
                            {"time", g.time},
                            {"registry", g.registry},
                            {"components", g.components},
                            {"issuer", g.issuer}});
        }
        std::cout << base::dump_json(json, 2) << "\n";
        return ExitCode::done;
    }
    if (generations.empty()) std::cout << "nothing is installed\n";
    for (const auto& g : generations) {
        std::cout << fmt::format("{}  {}  {} {}  registry {}  certificate {}\n", g.number, g.time,
                                 g.bundle, g.version, g.registry, g.issuer);
    }
    if (newest_only && std::filesystem::exists(arguments.transaction.state_dir / "pending.json")) {
        std::cout << "an install or rollback was cut off: install again continues it, rollback "
                     "undoes it\n";
    }
    return ExitCode::done;
}

CLI::App* add(CLI::App& app, Command& chosen, const std::shared_ptr<Arguments>& arguments,
              const char* name, const char* words,
              std::function<ExitCode(const Arguments&, const std::stop_token&)> run) {
    auto* command = app.add_subcommand(name, words);
    command->add_option("--output", arguments->output, "text or json, on standard output")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback([arguments, run, &chosen] {
        chosen = [arguments, run](const auto& stop) { return run(*arguments, stop); };
    });
    return command;
}

void add_file(CLI::App& command, Arguments& arguments) {
    command.add_option("file", arguments.file, "the bundle")->required();
    command.add_option("--key", arguments.key, "the public key that must have signed it");
}

void add_registry(CLI::App& command, Arguments& arguments, bool required) {
    command
        .add_option("--registry", arguments.registry,
                    "[http://]HOST[:PORT][/PREFIX] of the private registry")
        ->required(required);
    command.add_option("--registry-ca", arguments.registry_ca,
                       "certificate authority to trust besides the host's");
    command.add_option("--authfile", arguments.authfile,
                       "credentials, as docker and podman write them");
    command.add_option("--username", arguments.username, "user of the registry");
    command.add_flag("--password-stdin", arguments.password_stdin,
                     "read the password from standard input");
    command.add_option("--concurrency", arguments.transaction.concurrency, "blobs sent at a time")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
}

void add_cluster(CLI::App& command, Arguments& arguments) {
    command.add_option("--kubeconfig", arguments.kubeconfig,
                       "default: KUBECONFIG, ~/.kube/config, or the pod's service account");
    command.add_option("--context", arguments.context, "of the kubeconfig");
    command.add_option("--state-dir", arguments.transaction.state_dir, "journal and snapshot")
        ->capture_default_str();
    command.add_option("--timeout", arguments.timeout, "seconds to wait for each component")
        ->check(CLI::Range(1, 86400))
        ->capture_default_str();
    command.add_flag("--yes", arguments.yes, "do not ask");
}

void add_choice(CLI::App& command, Arguments& arguments) {
    command
        .add_option("--components", arguments.components,
                    "optional components to install, by comma")
        ->delimiter(',');
    command.add_option("--set", arguments.values, "NAME=VALUE for the kit's ${NAME}");
    command.add_option("--on-failure", arguments.on_failure, "rollback or stop")
        ->check(CLI::IsMember({"rollback", "stop"}))
        ->capture_default_str();
}

}  // namespace

void add_commands(CLI::App& app, Command& chosen) {
    app.require_subcommand(1);
    const auto arguments = std::make_shared<Arguments>();
    auto* command = add(app, chosen, arguments, "install",
                        "Load the images, apply the manifests, prove that it works",
                        [](const auto& a, const auto& stop) { return install(a, stop, false); });
    add_file(*command, *arguments);
    add_registry(*command, *arguments, true);
    add_cluster(*command, *arguments);
    add_choice(*command, *arguments);

    command = add(app, chosen, arguments, "plan", "Say what install would change; change nothing",
                  [](const auto& a, const auto& stop) { return install(a, stop, true); });
    add_file(*command, *arguments);
    add_registry(*command, *arguments, true);
    add_cluster(*command, *arguments);
    add_choice(*command, *arguments);

    command = add(app, chosen, arguments, "rollback",
                  "Put everything back as it was before the newest generation", roll_back);
    command
        ->add_option("generation", arguments->target, "go back to this one; 0: nothing installed")
        ->check(CLI::Range(0, 1'000'000));
    add_registry(*command, *arguments, false);
    add_cluster(*command, *arguments);

    command = add(app, chosen, arguments, "status", "What is installed",
                  [](const auto& a, const auto& stop) { return history(a, stop, true); });
    add_cluster(*command, *arguments);
    command = add(app, chosen, arguments, "history", "Every generation",
                  [](const auto& a, const auto& stop) { return history(a, stop, false); });
    add_cluster(*command, *arguments);

    command = add(app, chosen, arguments, "push", "Load the images alone; no cluster is needed",
                  push_only);
    add_file(*command, *arguments);
    add_registry(*command, *arguments, true);

    command = add(
        app, chosen, arguments, "inspect", "Say what a bundle holds",
        [](const auto& a, const auto&) {
            const auto bundle = open_bundle(a);
            std::cout << (a.json() ? base::dump_json(manifests::describe_bundle(bundle), 2) + "\n"
                                   : manifests::describe_bundle_text(bundle));
            return ExitCode::done;
        });
    add_file(*command, *arguments);
    command = add(app, chosen, arguments, "verify", "Read every byte of a bundle and check it",
                  [](const auto& a, const auto& stop) {
                      const auto bundle = open_bundle(a);
                      bundle.verify_all(stop);
                      std::cout << a.file.string() << ": every byte is right"
                                << (a.key.empty() ? "" : ", and so is the signature") << "\n";
                      return ExitCode::done;
                  });
    add_file(*command, *arguments);
}

}  // namespace airlock::installer
