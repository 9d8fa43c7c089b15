#include "installer/record/cluster_lock.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/host_name.hpp"
#include "base/log.hpp"
#include "base/random_id.hpp"
#include "base/retry.hpp"

#include <thread>
#include <utility>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::host_name;
using base::Json;

constexpr std::size_t kMaxIdentity = 1024;
constexpr std::string_view kStateDir = "airlock.dev/state-dir";
constexpr std::string_view kDelete = "kubectl -n kube-system delete lease airlock-installer";
constexpr std::chrono::seconds kReleaseTime{10};

const kubernetes::ObjectKey kLease{.api_version = "coordination.k8s.io/v1",
                                   .kind = "Lease",
                                   .namespace_name = "kube-system",
                                   .name = "airlock-installer"};

std::filesystem::path identity_path(const std::filesystem::path& state_dir) {
    return state_dir / "identity";
}

// Absent when the directory was copied from another host.
std::optional<std::string> known_identity(const std::filesystem::path& state_dir) {
    auto known = base::read_file_if_present(identity_path(state_dir), kMaxIdentity);
    if (!known || !known->starts_with(host_name() + "_")) return std::nullopt;
    return known;
}

std::string identity_of(const std::filesystem::path& state_dir) {
    if (auto known = known_identity(state_dir)) return *std::move(known);
    auto created = host_name() + "_" + base::random_id();
    base::write_file_durably(identity_path(state_dir), created, 0600);
    return created;
}

LockHolder holder_of(const Json& lease) {
    return {.identity = base::text_at(lease, {"spec", "holderIdentity"}),
            .state_dir = base::text_at(lease, {"metadata", "annotations", kStateDir}),
            .since = base::text_at(lease, {"metadata", "creationTimestamp"}),
            .uid = base::text_at(lease, {"metadata", "uid"})};
}

}  // namespace

std::string LockHolder::text() const {
    return fmt::format("{} (state directory {}, since {})", host(), state_dir, since);
}

std::optional<LockHolder> read_lock_holder(kubernetes::Client& client) {
    const auto lease = client.get(kLease);
    return lease ? std::optional(holder_of(*lease)) : std::nullopt;
}

bool is_held_by(const LockHolder& holder, const std::filesystem::path& state_dir) {
    return holder.state_dir == std::filesystem::weakly_canonical(state_dir) &&
           known_identity(state_dir) == holder.identity;
}

std::string how_to_release(const LockHolder& holder, const std::filesystem::path& state_dir) {
    if (holder.host() == host_name() &&
        holder.state_dir == std::filesystem::weakly_canonical(state_dir)) {
        return fmt::format(
            "that run was on this host, but its state directory was deleted, so it cannot be "
            "continued or undone: run {}, then install again",
            kDelete);
    }
    return fmt::format(
        "wait until it has finished; if it was interrupted, run airlock-installer status on that "
        "host; if that host is lost, run {}, then install again",
        kDelete);
}

ClusterLock::ClusterLock(kubernetes::Client& client, const std::filesystem::path& state_dir)
    : client_(client),
      state_dir_(std::filesystem::weakly_canonical(state_dir)),
      identity_(identity_of(state_dir)) {}

bool ClusterLock::acquire() {
    if (!uid_.empty()) return false;
    const Json lease{{"apiVersion", kLease.api_version},
                     {"kind", kLease.kind},
                     {"metadata",
                      {{"name", kLease.name},
                       {"namespace", kLease.namespace_name},
                       {"annotations", {{kStateDir, state_dir_.string()}}}}},
                     {"spec", {{"holderIdentity", identity_}}}};
    for (;;) {
        try {
            uid_ = base::text_at(client_.create(kLease, lease), {"metadata", "uid"});
            return true;
        } catch (const Error& error) {
            if (error.code() != Errc::conflict) throw;
        }
        const auto holder = read_lock_holder(client_);
        if (!holder) continue;  // released meanwhile
        if (!is_held_by(*holder, state_dir_)) {
            throw Error(Errc::conflict, "another installer holds the cluster lock: {}",
                        holder->text())
                .set_hint(how_to_release(*holder, state_dir_));
        }
        uid_ = holder->uid;
        return false;
    }
}

bool ClusterLock::is_lost() noexcept {
    if (uid_.empty()) return false;
    try {
        const auto holder = read_lock_holder(client_);
        return !holder || holder->uid != uid_;
    } catch (const std::exception&) {
        return false;
    }
}

void ClusterLock::release() noexcept {
    if (uid_.empty()) return;
    try {
        std::stop_source timeout;
        const std::jthread timer([&](const std::stop_token& done) {
            if (base::sleep_for(kReleaseTime, done)) timeout.request_stop();
        });
        client_.set_stop(timeout.get_token());
        client_.remove(kLease, std::exchange(uid_, {}));
    } catch (const Error& error) {
        if (error.code() == Errc::conflict) {
            base::log_warn("the cluster lock was removed while this run was in progress");
            return;
        }
        base::log_warn(
            "cannot delete Lease kube-system/airlock-installer, which blocks other hosts until the "
            "next install or rollback on this host: {}",
            error.what());
    } catch (const std::exception& error) {
        base::log_warn("cannot delete Lease kube-system/airlock-installer: {}", error.what());
    }
}

}  // namespace airlock::installer
