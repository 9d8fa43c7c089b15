// One installer at a time in a cluster, whatever host it runs on: a Lease in kube-system that names
// the state folder at work. It is there from before anything is looked at until nothing is
// unfinished any more; a run that was cut off leaves it, and its own state folder takes it again.
// It never runs out: a host that is slow, or down, still has something to finish.
#pragma once

#include "kubernetes/client.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace airlock::installer {

// Who holds the lock, as the Lease says.
struct LockHolder {
    std::string identity;   // HOST_<16 hex digits>: the name of a state folder
    std::string state_dir;  // its path on that host
    std::string since;      // RFC 3339, the API server's clock
    std::string uid;        // of the Lease

    std::string host() const { return identity.substr(0, identity.rfind('_')); }
    // "admin-1 (state folder /var/lib/airlock, since 2026-11-21T10:00:00Z)"
    std::string text() const;
};

std::optional<LockHolder> read_lock_holder(kubernetes::Client& client);
// Whether that is this folder: the one on this host, not a copy of it. Makes nothing.
bool is_held_by(const LockHolder& holder, const std::filesystem::path& state_dir);
// What an operator can do about another holder.
std::string how_to_free(const LockHolder& holder, const std::filesystem::path& state_dir);

class ClusterLock {
  public:
    // Gives the folder its identity, once. REQUIRES: the folder's own lock is held. No call yet.
    ClusterLock(kubernetes::Client& client, const std::filesystem::path& state_dir);

    // True when it is new, false when it was ours already: this run's, or one's that was cut off.
    // Errc::conflict, with who holds it and what to do, when another folder does.
    bool acquire();
    // Somebody took it away since. False when the API server does not say.
    bool is_lost() noexcept;
    // Nothing to do when it was not acquired. Tries for a few seconds, and after a request to stop
    // too. One that cannot be removed is told, and no failure: this folder can take it again.
    void release() noexcept;

  private:
    kubernetes::Client& client_;
    std::filesystem::path state_dir_;
    std::string identity_;
    std::string uid_;  // of the Lease; empty: not held
};

}  // namespace airlock::installer
