// Allows one installer at a time in a cluster, whatever host it runs on: a Lease in kube-system
// that names the holder's state directory. It is held from before the first read until nothing is
// unfinished; a run that was interrupted leaves it, and the same state directory acquires it again.
// It never expires: a host that is slow or down still has a run to finish.
#pragma once

#include "kubernetes/client.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace airlock::installer {

// Who holds the lock, according to the Lease.
struct LockHolder {
    std::string identity;   // HOST_<16 hex digits>, of a state directory
    std::string state_dir;  // its path on that host
    std::string since;      // RFC 3339, the API server's clock
    std::string uid;        // of the Lease

    std::string host() const { return identity.substr(0, identity.rfind('_')); }
    // "admin-1 (state directory /var/lib/airlock, since 2026-11-21T10:00:00Z)"
    std::string text() const;
};

std::optional<LockHolder> read_lock_holder(kubernetes::Client& client);
// Whether the holder is this directory on this host, and not a copy of it. Writes nothing.
bool is_held_by(const LockHolder& holder, const std::filesystem::path& state_dir);
// The hint for an operator when another directory holds the lock.
std::string how_to_release(const LockHolder& holder, const std::filesystem::path& state_dir);

class ClusterLock {
  public:
    // Creates the identity of the directory if it has none; does not connect yet. REQUIRES: the
    // caller holds the lock of the directory.
    ClusterLock(kubernetes::Client& client, const std::filesystem::path& state_dir);

    // True when the Lease is new, false when this directory held it already: this run, or one that
    // was interrupted. Errc::conflict, with the holder, when another directory holds it.
    bool acquire();
    // Whether the Lease was removed or replaced since. False when the API server does not answer.
    bool is_lost() noexcept;
    // Does nothing when it was not acquired. Tries for a few seconds, even after a request to stop.
    // A failure is only a warning: this directory can acquire the Lease again.
    void release() noexcept;

  private:
    kubernetes::Client& client_;
    std::filesystem::path state_dir_;
    std::string identity_;
    std::string uid_;  // of the Lease; empty: not held
};

}  // namespace airlock::installer
