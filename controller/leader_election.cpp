#include "controller/leader_election.hpp"

#include "base/error.hpp"
#include "base/host_name.hpp"
#include "base/log.hpp"
#include "base/random_id.hpp"
#include "base/retry.hpp"
#include "kubernetes/time.hpp"

#include <chrono>
#include <exception>
#include <thread>

namespace airlock::controller {
namespace {

using base::Errc;
using base::Error;
using base::Json;

std::string now_text() {
    return kubernetes::micro_time_text(
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

}  // namespace

LeaseAction LeaseObserver::decide(const std::optional<Json>& lease, Clock::time_point now) {
    if (!lease) return LeaseAction::create;
    const auto holder = base::text_at(*lease, {"spec", "holderIdentity"});
    if (holder == identity_) return LeaseAction::renew;
    if (holder.empty()) return LeaseAction::take;
    const auto* spec = base::find(*lease, "spec");
    if (auto text = spec == nullptr ? std::string() : base::dump_json(*spec); text != seen_) {
        seen_ = std::move(text);
        changed_ = now;
        return LeaseAction::wait;
    }
    return now - changed_ >= duration_ ? LeaseAction::take : LeaseAction::wait;
}

LeaderElection::LeaderElection(kubernetes::Client& client, LeaseOptions options)
    : client_(client),
      options_(std::move(options)),
      key_{.api_version = "coordination.k8s.io/v1",
           .kind = "Lease",
           .namespace_name = options_.lease.namespace_name,
           .name = options_.lease.name},
      observer_(options_.identity, options_.duration) {}

bool LeaderElection::try_acquire() {
    auto lease = client_.get(key_);
    const auto action = observer_.decide(lease, LeaseObserver::Clock::now());
    if (action == LeaseAction::wait) return false;
    if (!lease) {
        lease = Json{{"apiVersion", key_.api_version},
                     {"kind", key_.kind},
                     {"metadata", {{"name", key_.name}, {"namespace", key_.namespace_name}}}};
    }
    auto& spec = (*lease)["spec"];
    if (action != LeaseAction::renew) {
        const auto* transitions = base::find(spec, "leaseTransitions");
        const bool known = transitions != nullptr && transitions->is_number_integer();
        spec["leaseTransitions"] =
            action == LeaseAction::create ? 0 : (known ? transitions->get<std::int64_t>() : 0) + 1;
        spec["holderIdentity"] = options_.identity;
        spec["leaseDurationSeconds"] = options_.duration.count();
        spec["acquireTime"] = now_text();
    }
    spec["renewTime"] = now_text();
    try {
        if (action == LeaseAction::create) {
            client_.create(key_, *lease);
        } else {
            client_.replace(key_, *lease);  // only this version
        }
    } catch (const Error& error) {
        if (error.code() != Errc::conflict) throw;
        return false;  // another replica was faster
    }
    return true;
}

void LeaderElection::run(const std::stop_token& stop,
                         const std::function<void(const std::stop_token&)>& lead) {
    bool waiting = false;
    while (!stop.stop_requested()) {
        bool acquired = false;
        try {
            acquired = try_acquire();
        } catch (const Error& error) {
            if (stop.stop_requested()) return;
            if (error.code() == Errc::denied) throw;
            base::log_warn("{}", error.what());
        }
        if (acquired) {
            base::log_info("leading as {}", options_.identity);
            hold(stop, lead);
            waiting = false;
        } else if (!std::exchange(waiting, true)) {
            base::log_info("another replica leads; waiting for Lease {}", key_.name);
        }
        base::sleep_for(options_.retry, stop);
    }
}

void LeaderElection::hold(const std::stop_token& stop,
                          const std::function<void(const std::stop_token&)>& lead) {
    std::stop_source lost;
    std::stop_source ended;
    std::exception_ptr failure;
    const std::stop_callback stopping(stop, [&] { lost.request_stop(); });
    std::jthread leading([&] {
        try {
            lead(lost.get_token());
        } catch (...) {
            failure = std::current_exception();
        }
        ended.request_stop();
    });
    auto renewed = LeaseObserver::Clock::now();
    while (base::sleep_for(options_.retry, ended.get_token()) && !stop.stop_requested()) {
        const auto now = LeaseObserver::Clock::now();
        try {
            if (!try_acquire()) {
                base::log_warn("another replica has taken Lease {}", key_.name);
                break;
            }
            renewed = now;
        } catch (const Error& error) {
            if (stop.stop_requested()) break;
            base::log_warn("{}", error.what());
            if (now - renewed >= options_.renew_within) break;
        }
    }
    lost.request_stop();
    leading.join();
    release();
    client_.set_stop(stop);
    if (failure) std::rethrow_exception(failure);
}

void LeaderElection::release() noexcept {
    try {
        // The client's own token has been stopped if the program ends.
        std::stop_source timeout;
        const std::jthread timer([&](const std::stop_token& done) {
            if (base::sleep_for(options_.retry, done)) timeout.request_stop();
        });
        client_.set_stop(timeout.get_token());
        auto lease = client_.get(key_);
        if (!lease || base::text_at(*lease, {"spec", "holderIdentity"}) != options_.identity)
            return;
        (*lease)["spec"]["holderIdentity"] = "";
        client_.replace(key_, *lease);
    } catch (const std::exception& error) {
        base::log_debug("cannot release Lease {}: {}", key_.name, error.what());
    }
}

std::string new_identity() {
    return base::host_name() + "_" + base::random_id();
}

}  // namespace airlock::controller
