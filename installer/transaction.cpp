#include "installer/transaction.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "base/retry.hpp"
#include "installer/generation_store.hpp"
#include "installer/nodes.hpp"
#include "installer/readiness.hpp"
#include "installer/undo.hpp"
#include "manifests/order.hpp"

#include <algorithm>
#include <ctime>
#include <map>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::ExitCode;
using manifests::CertificateIssuer;

constexpr std::size_t kMaxPending = 256 * 1024 * 1024;
constexpr std::chrono::milliseconds kLookEvery{500};

std::filesystem::path ready_folder(const std::filesystem::path& path) {
    base::make_folders(path, 0700);
    return path;
}

std::string now_text() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32] = {};
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

// What apply would change, the server's own bookkeeping aside.
Json comparable(Json object) {
    object.erase("status");
    for (const auto* key : {"managedFields", "resourceVersion", "generation"})
        object["metadata"].erase(key);
    return object;
}

std::string describe_problems(const std::vector<base::Problem>& problems) {
    std::string text;
    for (const auto& problem : problems)
        text += fmt::format("\n  {}: {}\n    {}", problem.where, problem.message, problem.hint);
    return text;
}

}  // namespace

Transaction::Transaction(KubeClient& client, images::RegistryClient& registry,
                         TransactionOptions options, std::stop_token stop)
    : client_(client),
      registry_(registry),
      options_(std::move(options)),
      stop_(std::move(stop)),
      lock_(ready_folder(options_.state_dir) / "lock", "wait until the other installer has ended"),
      journal_(options_.state_dir / "journal.jsonl") {}

bool Transaction::unfinished() const {
    return !journal_.records().empty() && std::filesystem::exists(pending_path());
}

bool Transaction::undoing() const {
    return unfinished() && std::ranges::any_of(journal_.records(), [](const Json& record) {
               return record.value("act", "") == "undo";
           });
}

Generation Transaction::load_pending() const {
    return Generation::from_json(
        base::parse_json(base::read_file(pending_path(), kMaxPending), pending_path().string()),
        pending_path().string());
}

InstallSummary Transaction::summarize(const manifests::Bundle& bundle, const InstallPlan& plan) {
    InstallSummary out{
        .objects = {},
        .push = plan_push(registry_, bundle, plan.targets, options_.concurrency, stop_)};
    for (const auto& component : plan.components) {
        for (const auto& object : component.objects) {
            const auto live = client_.get(object.key);
            if (!live) {
                out.objects.push_back("create " + object.key.text());
            } else if (comparable(client_.apply(object.key, object.text, object.field_manager,
                                                true)) != comparable(*live)) {
                out.objects.push_back("change " + object.key.text());
            }
        }
    }
    return out;
}

Generation Transaction::snapshot(const manifests::Bundle& bundle, const InstallPlan& plan,
                                 const PlanRequest& request, const PushPlan& push,
                                 bool plain_http) {
    Generation out;
    const auto earlier = load_generations(client_);
    out.number = earlier.empty() ? 1 : earlier.back().number + 1;
    out.bundle = bundle.lock().name;
    out.version = bundle.lock().version;
    out.index = bundle.index_digest().text();
    out.registry = request.registry;
    out.prefix = request.prefix;
    out.plain_http = plain_http;
    out.components = request.components;
    out.issuer = manifests::to_string(plan.issuer);
    out.fingerprint = plan.fingerprint;
    out.time = now_text();
    out.state_annotation = bundle.spec().nodes.state_annotation;
    out.kick = bundle.spec().nodes.kick;
    for (const auto& key : plan.keys())
        out.objects.push_back({.key = key, .object = client_.get(key)});
    for (const auto& move : push.tags) {
        TagBefore tag{.repository = move.repository,
                      .tag = move.tag,
                      .digest = {},
                      .media_type = {},
                      .manifest = {}};
        if (move.old_digest) {
            const auto manifest = registry_.get_manifest(move.repository, move.old_digest->text());
            tag.digest = manifest.descriptor.digest.text();
            tag.media_type = manifest.descriptor.media_type;
            tag.manifest = manifest.raw;
        }
        out.tags.push_back(std::move(tag));
    }
    out.nodes = read_nodes(client_);
    if (!unfinished()) return out;

    // An install that was cut off: how things were before it, and not what it left.
    const auto pending = load_pending();
    out.number = pending.number;
    out.nodes = pending.nodes;
    for (const auto& object : pending.objects) {
        const auto at = std::ranges::find(out.objects, object.key, &ObjectBefore::key);
        if (at == out.objects.end()) {
            out.objects.push_back(object);
        } else {
            at->object = object.object;
        }
    }
    for (const auto& tag : pending.tags) {
        std::erase_if(out.tags, [&](const TagBefore& other) {
            return other.repository == tag.repository && other.tag == tag.tag;
        });
        out.tags.push_back(tag);
    }
    return out;
}

ExitCode Transaction::install(const manifests::Bundle& bundle, const InstallPlan& plan,
                              const PlanRequest& request, bool plain_http) {
    if (undoing()) {
        base::log_info("a rollback was cut off: finishing it first");
        if (const auto code = undo_pending(); code != ExitCode::done) return code;
    }
    bundle.verify_installer();
    const auto push_plan = plan_push(registry_, bundle, plan.targets, options_.concurrency, stop_);
    base::log_info("checking what is going to be sent: {} blobs, {}", push_plan.blobs.size(),
                   base::human_size(push_plan.bytes));
    verify_blobs(bundle, push_plan, stop_);
    const auto generation = snapshot(bundle, plan, request, push_plan, plain_http);
    base::write_file_durably(pending_path(), generation.to_json().dump(), 0600);
    journal_.append({{"act", "install"},
                     {"generation", generation.number},
                     {"bundle", generation.bundle},
                     {"version", generation.version}});
    try {
        base::log_info("pushing {} images to {}", plan.targets.size(), registry_.host());
        push(registry_, bundle, push_plan, options_.concurrency, stop_);
        for (const auto& move : push_plan.tags) {
            journal_.append({{"act", "move tag"}, {"tag", move.repository + ":" + move.tag}});
            move_tag(registry_, bundle, move);
        }
        apply_all(bundle, plan);
        if (generation.kick) kick_nodes(client_);
        run_checks(bundle);
        commit(generation);
        return ExitCode::done;
    } catch (const Error& error) {
        base::report(error);
        if (!options_.roll_back_on_failure) {
            base::log_error(
                "left as it is (--on-failure stop); install again continues, rollback undoes");
            return ExitCode::rollback_incomplete;
        }
        const bool interrupted = error.code() == Errc::cancelled;
        base::log_info("putting everything back");
        const auto code = undo_pending();
        if (code != ExitCode::done) return code;
        return interrupted ? ExitCode::interrupted : ExitCode::rolled_back;
    }
}

void Transaction::apply_all(const manifests::Bundle& bundle, const InstallPlan& plan) {
    const auto& certificate = bundle.spec().certificate;
    for (const auto& component : plan.components) {
        std::vector<ObjectKey> applied;
        const auto wait = [&] {
            if (applied.empty()) return;
            base::log_info("{}: waiting until {} objects are ready", component.name,
                           applied.size());
            base::with_context("component " + component.name, [&] {
                wait_until_ready(client_, applied, options_.timeout, stop_);
            });
            applied.clear();
        };
        base::log_info("{}: applying {} objects", component.name, component.objects.size());
        bool definitions = false;
        for (const auto& object : component.objects) {
            if (stop_.stop_requested()) throw Error(Errc::cancelled, "stopped on request");
            // Custom resources need their definition established; webhook configurations need what
            // answers them.
            if ((definitions && object.key.kind != "CustomResourceDefinition") ||
                manifests::is_webhook_configuration(object.key)) {
                wait();
                if (std::exchange(definitions, false)) client_.forget_discovery();
            }
            definitions = definitions || object.key.kind == "CustomResourceDefinition";
            journal_.append({{"act", "apply"}, {"object", object.key.text()}});
            client_.apply(object.key, object.text, object.field_manager);
            applied.push_back(object.key);
        }
        wait();
    }
    if (!certificate) return;
    if (plan.issuer == CertificateIssuer::cert_manager) wait_for_certificate(*certificate);
    inject_ca(*certificate, plan);
}

void Transaction::wait_for_certificate(const manifests::CertificateSpec& spec) {
    if (!spec.certificate) return;
    const ObjectKey key{.api_version = "cert-manager.io/v1",
                        .kind = "Certificate",
                        .namespace_name = spec.certificate->namespace_name,
                        .name = spec.certificate->name};
    wait_until_ready(client_, {key}, options_.timeout, stop_);
}

void Transaction::inject_ca(const manifests::CertificateSpec& spec, const InstallPlan& plan) {
    const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
    for (const auto& target : spec.inject) {
        const ObjectKey key{.api_version = "admissionregistration.k8s.io/v1",
                            .kind = target.kind,
                            .namespace_name = {},
                            .name = target.name};
        for (;;) {
            const auto live = client_.get(key);
            if (!live)
                throw Error(Errc::not_found,
                            "{} is not there, and was to get the certificate authority",
                            key.text());
            Json hooks = Json::array();
            bool filled = true;
            for (const auto& hook : live->at("webhooks")) {
                filled = filled && base::find_path(hook, {"clientConfig", "caBundle"}) != nullptr;
                hooks.push_back(
                    {{"name", hook.at("name")},
                     {"clientConfig", {{"caBundle", base::base64_encode(plan.ca_pem)}}}});
            }
            if (plan.issuer == CertificateIssuer::installer) {
                journal_.append({{"act", "inject"}, {"object", key.text()}});
                const Json patch{{"apiVersion", key.api_version},
                                 {"kind", key.kind},
                                 {"metadata", {{"name", key.name}}},
                                 {"webhooks", hooks}};
                client_.apply(key, patch.dump(), std::string(kCertificateManager));
                break;
            }
            if (filled) break;
            if (std::chrono::steady_clock::now() > deadline) {
                throw Error(Errc::timeout,
                            "{}: cert-manager's cainjector has not filled in its caBundle",
                            key.text())
                    .set_hint(
                        "look at the log of the cainjector: kubectl -n cert-manager logs "
                        "deploy/cert-manager-cainjector");
            }
            if (!base::sleep_for(kLookEvery, stop_))
                throw Error(Errc::cancelled, "stopped on request");
        }
    }
}

void Transaction::run_checks(const manifests::Bundle& bundle) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::min(options_.timeout, std::chrono::seconds(60));
    for (const auto& check : bundle.spec().checks) {
        std::string seen;
        for (;;) {
            const auto response = client_.service_proxy(check.service.namespace_name,
                                                        check.service.name, check.port, check.path);
            auto body = response.body;
            while (!body.empty() && (body.back() == '\n' || body.back() == ' '))
                body.pop_back();
            if (response.ok() && (check.expect.empty() || body == check.expect)) break;
            seen = fmt::format("{} {}", response.status, body.substr(0, 200));
            if (std::chrono::steady_clock::now() > deadline) {
                throw Error(Errc::timeout, "the service {} does not answer {} with \"{}\": {}",
                            check.service.text(), check.path, check.expect, seen)
                    .set_hint("look at its pods: kubectl -n " + check.service.namespace_name +
                              " get pods,endpoints");
            }
            if (!base::sleep_for(kLookEvery, stop_))
                throw Error(Errc::cancelled, "stopped on request");
        }
        base::log_info("the service {} answers {}", check.service.text(), check.path);
    }
}

void Transaction::commit(const Generation& generation) {
    journal_.append({{"act", "commit"}, {"generation", generation.number}});
    save_generation(client_, generation);
    std::filesystem::remove(pending_path());
    base::fsync_folder_of(pending_path());
    journal_.clear();
}

ExitCode Transaction::undo_pending() {
    const auto generation = load_pending();
    journal_.append({{"act", "undo"}, {"generation", generation.number}});
    // A signal that asked us to stop the install does not stop putting things back.
    const auto problems = undo(client_, registry_, generation, journal_, {});
    if (!problems.empty()) {
        base::log_error("generation {} is not put back completely:{}", generation.number,
                        describe_problems(problems));
        base::log_error("what to do: mend what is named, then run rollback again");
        return ExitCode::rollback_incomplete;
    }
    std::filesystem::remove(pending_path());
    base::fsync_folder_of(pending_path());
    journal_.clear();
    base::log_info("generation {} is undone", generation.number);
    return ExitCode::done;
}

ExitCode Transaction::roll_back(int target) {
    if (unfinished()) {
        base::log_info("the last {} was cut off: undoing it", undoing() ? "rollback" : "install");
        const auto code = undo_pending();
        if (code != ExitCode::done || target < 0) return code;
    }
    auto generations = load_generations(client_);
    const auto newest = generations.empty() ? 0 : generations.back().number;
    if (newest == 0 || target >= newest) {
        base::log_info("nothing to roll back: {}",
                       newest == 0 ? "nothing is installed"
                                   : fmt::format("generation {} is the newest", newest));
        return ExitCode::done;
    }
    if (target < 0) target = newest - 1;
    while (!generations.empty() && generations.back().number > target) {
        const auto generation = generations.back();
        base::log_info("undoing generation {} ({} {})", generation.number, generation.bundle,
                       generation.version);
        base::write_file_durably(pending_path(), generation.to_json().dump(), 0600);
        journal_.append({{"act", "undo"}, {"generation", generation.number}});
        if (const auto code = undo_pending(); code != ExitCode::done) return code;
        generations.pop_back();
    }
    if (!generations.empty() && generations.back().kick) {
        std::vector<ObjectKey> keys;
        for (const auto& object : generations.back().objects)
            keys.push_back(object.key);
        wait_until_ready(client_, keys, options_.timeout, stop_);
        kick_nodes(client_);
    }
    return ExitCode::done;
}

}  // namespace airlock::installer
