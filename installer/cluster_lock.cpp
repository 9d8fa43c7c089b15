#include "installer/cluster_lock.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/log.hpp"

#include <unistd.h>

#include <array>
#include <climits>
#include <random>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;

constexpr std::size_t kMaxIdentity = 1024;
constexpr std::string_view kStateDir = "airlock.dev/state-dir";

const ObjectKey kLease{.api_version = "coordination.k8s.io/v1",
                       .kind = "Lease",
                       .namespace_name = "kube-system",
                       .name = "airlock-installer"};

std::filesystem::path identity_path(const std::filesystem::path& state_dir) {
    return state_dir / "identity";
}

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string identity_of(const std::filesystem::path& state_dir) {
    const auto path = identity_path(state_dir);
    if (auto known = base::read_file_if_present(path, kMaxIdentity); known && !known->empty())
        return *std::move(known);
    std::random_device random;
    auto made = fmt::format("{}_{:08x}{:08x}", host_name(), random(), random());
    base::write_file_durably(path, made, 0600);
    return made;
}

LockHolder holder_of(const Json& lease) {
    return {.identity = base::text_at(lease, {"spec", "holderIdentity"}),
            .state_dir = base::text_at(lease, {"metadata", "annotations", kStateDir}),
            .since = base::text_at(lease, {"metadata", "creationTimestamp"}),
            .uid = base::text_at(lease, {"metadata", "uid"})};
}

}  // namespace

std::string LockHolder::text() const {
    return fmt::format("{} (state folder {}, since {})", identity.substr(0, identity.rfind('_')),
                       state_dir, since);
}

std::optional<LockHolder> read_lock_holder(KubeClient& client) {
    const auto lease = client.get(kLease);
    return lease ? std::optional(holder_of(*lease)) : std::nullopt;
}

bool is_held_by(const LockHolder& holder, const std::filesystem::path& state_dir) {
    return base::read_file_if_present(identity_path(state_dir), kMaxIdentity) == holder.identity;
}

ClusterLock::ClusterLock(KubeClient& client, std::filesystem::path state_dir)
    : client_(client),
      state_dir_(std::filesystem::absolute(state_dir)),
      identity_(identity_of(state_dir)) {}

void ClusterLock::acquire() {
    const Json lease{{"apiVersion", kLease.api_version},
                     {"kind", kLease.kind},
                     {"metadata",
                      {{"name", kLease.name},
                       {"namespace", kLease.namespace_name},
                       {"annotations", {{kStateDir, state_dir_.string()}}}}},
                     {"spec", {{"holderIdentity", identity_}}}};
    while (!acquired_) {
        try {
            client_.create(kLease, lease);
            acquired_ = true;
            return;
        } catch (const Error& error) {
            if (error.code() != Errc::conflict) throw;
        }
        const auto holder = read_lock_holder(client_);
        if (!holder) continue;  // released since
        if (holder->identity != identity_) {
            throw Error(Errc::conflict, "another installer is at work in this cluster: {}",
                        holder->text())
                .set_hint(
                    "wait for its end. When it does not run any more, airlock-installer status on "
                    "that host says how to finish it; when that host is lost: kubectl -n "
                    "kube-system delete lease airlock-installer, then install again");
        }
        acquired_ = true;
    }
}

void ClusterLock::release() noexcept {
    try {
        const auto holder = read_lock_holder(client_);
        if (holder && holder->identity == identity_) {
            client_.remove(kLease, holder->uid);
        } else if (acquired_) {
            base::log_warn(
                "somebody took this run's lock of the cluster away while it was at work");
        }
    } catch (const std::exception& failure) {
        if (acquired_) {
            base::log_warn(
                "the Lease kube-system/airlock-installer could not be removed, and keeps other "
                "hosts out until the next install or rollback here: {}",
                failure.what());
        }
    }
    acquired_ = false;
}

}  // namespace airlock::installer
