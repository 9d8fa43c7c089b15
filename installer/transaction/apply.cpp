#include "installer/transaction/apply.hpp"

#include "base/base64.hpp"
#include "base/counted.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "installer/transaction/ownership.hpp"
#include "installer/transaction/undo_decision.hpp"
#include "kubernetes/readiness.hpp"
#include "manifests/apply_order.hpp"

#include <utility>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::Json;
using manifests::CertificateIssuer;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{500};
constexpr std::chrono::seconds kLongestCheck{60};
constexpr std::size_t kQuoted = 200;  // bytes of an answer that an error shows

[[noreturn]] void throw_stopped() {
    throw Error(Errc::cancelled, "stopped on request");
}

bool is_crd(const kubernetes::ObjectKey& key) {
    return key.kind == "CustomResourceDefinition";
}

std::string without_trailing_space(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    return text;
}

}  // namespace

Apply::Apply(kubernetes::Client& client, const manifests::Bundle& bundle, const InstallPlan& plan,
             std::set<std::string> absent, Journal& journal, std::chrono::seconds timeout,
             std::stop_token stop)
    : client_(client),
      bundle_(bundle),
      plan_(plan),
      absent_(std::move(absent)),
      journal_(journal),
      timeout_(timeout),
      stop_(std::move(stop)) {}

void Apply::components() {
    for (const auto& each : plan_.components)
        component(each);
}

void Apply::component(const PlannedComponent& component) {
    base::log_info("{}: applying {}", component.name,
                   base::counted(component.objects.size(), "object"));
    std::vector<kubernetes::ObjectKey> applied;
    bool crds = false;
    for (const auto& each : component.objects) {
        // Custom resources need their CRD established; webhook configurations need their service.
        if ((crds && !is_crd(each.key)) || manifests::is_webhook_configuration(each.key)) {
            wait(component.name, applied);
            if (std::exchange(crds, false)) client_.discovery().forget();
        }
        crds = crds || is_crd(each.key);
        object(each);
        applied.push_back(each.key);
    }
    wait(component.name, applied);
}

void Apply::object(const PlannedObject& object) {
    if (stop_.stop_requested()) throw_stopped();
    const auto name = object.key.text();
    if (absent_.contains(name)) {
        const auto live = client_.get(object.key);
        if (live && Ownership(client_).was_created_by_another(object.key, *live)) {
            throw Error(Errc::conflict, "{} was created by another user during this install", name)
                .set_hint("check whether the bundle may replace it, then install again");
        }
    }
    write(Act::apply, object.key, object.text, object.field_manager);
}

void Apply::write(Act act, const kubernetes::ObjectKey& key, std::string_view text,
                  const std::string& field_manager) {
    const auto name = key.text();
    const bool is_new = absent_.contains(name);
    Json announced{{"object", name}};
    if (!is_new) {
        if (const auto before = client_.get(key)) announced["before"] = restorable(*before);
    }
    journal_.append(act, announced);
    const auto live = client_.apply(key, text, field_manager);
    if (is_new) {
        const auto uid =
            base::require_string(base::require_object(live, "metadata", name), "uid", name);
        journal_.append(Act::created, {{"object", name}, {"uid", uid}});
    } else if (announced.contains("before")) {
        journal_.append(Act::applied, {{"object", name}, {"after", restorable(live)}});
    }
}

void Apply::wait(const std::string& component, std::vector<kubernetes::ObjectKey>& applied) {
    if (applied.empty()) return;
    base::log_info("{}: waiting for {} to be ready", component,
                   base::counted(applied.size(), "object"));
    base::with_context("component " + component,
                       [&] { kubernetes::wait_until_ready(client_, applied, timeout_, stop_); });
    applied.clear();
}

void Apply::certificate() {
    const auto& spec = bundle_.spec().certificate;
    if (!spec) return;
    if (plan_.issuer == CertificateIssuer::cert_manager && spec->certificate) {
        const kubernetes::ObjectKey key{.api_version = "cert-manager.io/v1",
                                        .kind = "Certificate",
                                        .namespace_name = spec->certificate->namespace_name,
                                        .name = spec->certificate->name};
        kubernetes::wait_until_ready(client_, {key}, timeout_, stop_);
    }
    for (const auto& target : spec->inject)
        inject(target);
}

void Apply::inject(const manifests::InjectTarget& target) {
    const auto deadline = Clock::now() + timeout_;
    const kubernetes::ObjectKey key{.api_version = "admissionregistration.k8s.io/v1",
                                    .kind = target.kind,
                                    .namespace_name = {},
                                    .name = target.name};
    for (;;) {
        const auto live = client_.get(key);
        if (!live) {
            throw Error(Errc::not_found, "{} does not exist, so its caBundle cannot be set",
                        key.text());
        }
        Json hooks = Json::array();
        bool injected = true;
        for (const auto& hook : base::require_array(*live, "webhooks", key.text())) {
            injected = injected && base::find_path(hook, {"clientConfig", "caBundle"}) != nullptr;
            hooks.push_back({{"name", base::require_string(hook, "name", key.text())},
                             {"clientConfig", {{"caBundle", base::base64_encode(plan_.ca_pem)}}}});
        }
        if (plan_.issuer == CertificateIssuer::installer) {
            const Json patch{{"apiVersion", key.api_version},
                             {"kind", key.kind},
                             {"metadata", {{"name", key.name}}},
                             {"webhooks", hooks}};
            write(Act::inject, key, base::dump_json(patch),
                  std::string(kubernetes::kCertificateManager));
            return;
        }
        if (injected) return;
        if (Clock::now() > deadline) {
            throw Error(Errc::timeout, "{}: cert-manager's cainjector has not set its caBundle",
                        key.text())
                .set_hint(
                    "run kubectl -n cert-manager logs "
                    "deploy/cert-manager-cainjector");
        }
        pause();
    }
}

void Apply::checks() {
    for (const auto& each : bundle_.spec().checks) {
        if (!each.placement || *each.placement == plan_.placement) check(each);
    }
}

void Apply::check(const manifests::Check& check) {
    const auto deadline = Clock::now() + std::min(timeout_, kLongestCheck);
    const auto& service = check.service;
    for (;;) {
        const auto answer =
            client_.service_proxy(service.namespace_name, service.name, check.port, check.path);
        const auto body = without_trailing_space(answer.body);
        if (answer.ok() && (check.expect.empty() || body == check.expect)) break;
        if (Clock::now() > deadline) {
            throw Error(Errc::timeout, "service {}: {} does not answer \"{}\": {} {}",
                        service.text(), check.path, check.expect, answer.status,
                        body.substr(0, kQuoted))
                .set_hint("run kubectl -n " + service.namespace_name + " get pods,endpoints");
        }
        pause();
    }
    base::log_info("service {} answers {}", service.text(), check.path);
}

void Apply::pause() {
    if (!base::sleep_for(kPollInterval, stop_)) throw_stopped();
}

}  // namespace airlock::installer
