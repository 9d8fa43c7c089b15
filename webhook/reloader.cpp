#include "webhook/reloader.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"

#include <fmt/chrono.h>

#include <optional>
#include <vector>

namespace airlock::webhook {
namespace {

constexpr std::size_t kMaxPem = 1024 * 1024;

std::vector<std::filesystem::path> tls_files(const ServedFiles& files) {
    std::vector all{files.certificate, files.key};
    if (!files.client_ca.empty()) all.push_back(files.client_ca);
    return all;
}

std::optional<ClientCa> load_client_ca(const std::filesystem::path& file) {
    if (file.empty()) return std::nullopt;
    const auto pem = base::read_file(file, kMaxPem);
    return base::with_context(file.string(), [&] { return ClientCa::parse(pem); });
}

void log_invalid(const base::Error& problem, bool has_older, std::string_view what) {
    base::log_error("{}", problem.what());
    base::log_error("hint: {}; {}",
                    problem.hint().empty() ? "correct the file named above" : problem.hint(),
                    has_older ? fmt::format("the last valid {} stays active", what)
                              : fmt::format("not ready until a valid {} is loaded", what));
}

}  // namespace

Reloader::Reloader(ServedFiles files, ServiceState& state)
    : files_(std::move(files)),
      state_(state),
      policy_watch_({files_.policy}),
      certificate_watch_(tls_files(files_)) {}

void Reloader::reload_changed(bool force) {
    if (policy_watch_.changed() || force) load_policy();
    if (certificate_watch_.changed() || force) load_certificate();
}

void Reloader::load_policy() {
    const auto old = state_.policy.get();
    try {
        const auto text = base::read_file(files_.policy, Policy::kMaxFile);
        auto policy = std::make_shared<const Policy>(Policy::parse(text, files_.policy.string()));
        state_.metrics.record_policy(true, policy->generation());
        if (old == nullptr || old->generation() != policy->generation()) {
            base::log_info("loaded policy {} from {}", policy->generation(),
                           files_.policy.string());
        }
        state_.policy.set(std::move(policy));
    } catch (const base::Error& problem) {
        state_.metrics.record_policy(false, {});
        log_invalid(problem, old != nullptr, "policy");
    }
}

void Reloader::load_certificate() {
    const auto old = state_.tls.get();
    try {
        const auto certificate = base::read_file(files_.certificate, kMaxPem);
        const auto key = base::read_file(files_.key, kMaxPem);
        const auto client_ca = load_client_ca(files_.client_ca);
        auto context =
            std::make_shared<TlsContext>(base::with_context(files_.certificate.string(), [&] {
                return tls_.make(certificate, key, client_ca ? &*client_ca : nullptr);
            }));
        state_.metrics.record_certificate(true, context->expires);
        base::log_info("loaded certificate {}; it expires on {:%Y-%m-%d %H:%M} UTC",
                       files_.certificate.string(),
                       fmt::gmtime(std::chrono::system_clock::to_time_t(context->expires)));
        state_.tls.set(std::move(context));
    } catch (const base::Error& problem) {
        state_.metrics.record_certificate(false, {});
        log_invalid(problem, old != nullptr, "certificate");
    }
}

}  // namespace airlock::webhook
