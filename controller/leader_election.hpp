// Chooses one of several replicas to act: the holder of a Lease (coordination.k8s.io/v1), as
// client-go does it. A holder that stops releases the Lease; one that dies loses it when the Lease
// has not been renewed for its duration. How old a renewal is, is measured with the clock of the
// observer: the clocks of two machines are never compared.
//
// Two replicas may act for a moment when a holder cannot reach the API server and has not noticed
// yet. What they do must allow that.
#pragma once

#include "kubernetes/client.hpp"
#include "kubernetes/object_name.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace airlock::controller {

struct LeaseOptions {
    kubernetes::NamespacedName lease;
    std::string identity;                   // unique among the replicas
    std::chrono::seconds duration{15};      // a Lease that is not renewed for so long is free
    std::chrono::seconds renew_within{10};  // a holder that cannot renew for so long stops acting
    std::chrono::seconds retry{2};          // between attempts to acquire or renew
};

// What to do about the Lease, by the first matching row:
//
//      the Lease                                           action
//   1. does not exist                                      create
//   2. is ours                                             renew
//   3. has no holder                                       take
//   4. was last seen to change `duration` ago, or earlier  take
//   5. otherwise                                           wait
enum class LeaseAction { create, renew, take, wait };

class LeaseObserver {
  public:
    using Clock = std::chrono::steady_clock;

    LeaseObserver(std::string identity, std::chrono::seconds duration)
        : identity_(std::move(identity)), duration_(duration) {}

    // `lease` as read at `now`; absent if it does not exist.
    LeaseAction decide(const std::optional<base::Json>& lease, Clock::time_point now);

  private:
    std::string identity_;
    std::chrono::seconds duration_;
    std::string seen_;  // the spec at the last change
    Clock::time_point changed_;
};

class LeaderElection {
  public:
    LeaderElection(kubernetes::Client& client, LeaseOptions options);

    // Until `stop`: whenever this replica becomes the holder, calls `lead` in a thread of its own,
    // and requests its stop when the Lease is lost. Throws what `lead` throws. Errc::denied when
    // leases are forbidden.
    void run(const std::stop_token& stop, const std::function<void(const std::stop_token&)>& lead);

  private:
    bool try_acquire();
    void hold(const std::stop_token& stop, const std::function<void(const std::stop_token&)>& lead);
    void release() noexcept;

    kubernetes::Client& client_;
    LeaseOptions options_;
    kubernetes::ObjectKey key_;
    LeaseObserver observer_;
};

// HOST_<16 hex digits>: in a pod, the host is the pod's name.
std::string new_identity();

}  // namespace airlock::controller
