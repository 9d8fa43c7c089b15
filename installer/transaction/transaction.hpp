// An install as a transaction: snapshot, push, apply, certificate, webhook configurations last,
// checks, commit. However it ends, kill -9 included, running install again continues it and
// rollback undoes it. Nothing is changed before the snapshot is on disk.
#pragma once

#include "base/file.hpp"
#include "base/program.hpp"
#include "images/registry.hpp"
#include "installer/plan/install_plan.hpp"
#include "installer/plan/push_plan.hpp"
#include "installer/record/cluster_lock.hpp"
#include "installer/record/generation.hpp"
#include "installer/record/journal.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace airlock::installer {

struct TransactionOptions {
    std::filesystem::path state_dir;  // of this cluster
    std::string cluster;              // see cluster_uid()
    std::chrono::seconds timeout{300};
    std::size_t concurrency = 4;
    bool roll_back_on_failure = true;
};

// The install or rollback that was interrupted, as recorded in the state directory.
std::optional<Generation> read_interrupted(const std::filesystem::path& state_dir);
// Whether an installer is running with this state directory now.
bool is_running(const std::filesystem::path& state_dir);
// Releases the cluster lock of a run that was killed before its first change or after its last.
// Does nothing when another state directory holds the lock, or when something is unfinished.
void release_lock(kubernetes::Client& client, const std::filesystem::path& state_dir);

class Transaction {
  public:
    // Locks the state directory. Errc::conflict when another installer holds the lock, or when the
    // run that was interrupted there was in another cluster.
    Transaction(kubernetes::Client& client, images::RegistryClient& registry,
                TransactionOptions options, std::stop_token stop);
    // Releases the cluster lock, unless something is unfinished.
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Acquires the cluster lock; no other installer runs in the cluster afterwards. Call it before
    // reading anything that an install depends on. Errc::conflict when another host holds the lock,
    // or has installed since a run was interrupted here.
    void enter();
    // Finishes a rollback that was interrupted; does nothing when there is none. Call it before
    // reading anything that an install depends on: it changes the cluster. REQUIRES: entered.
    base::ExitCode finish_rollback();
    // Throws only while nothing has changed; afterwards the exit code tells the result. REQUIRES:
    // `plan` and `push` were made after entering, and no rollback is unfinished.
    base::ExitCode install(const manifests::Bundle& bundle, const InstallPlan& plan,
                           const PlanRequest& request, const PushPlan& push);
    // Rolls back to generation `target`; without one, to the generation before the newest, or
    // undoes only the run that was interrupted. Enters by itself. Errc::conflict when the
    // generations in the cluster are no longer `seen`, those that the operator confirmed.
    base::ExitCode roll_back(std::optional<int> target, const std::vector<Generation>& seen);

    bool unfinished() const { return interrupted_.has_value(); }
    // The generation that install() has installed; 0 before.
    int installed_generation() const { return installed_generation_; }

  private:
    bool undoing() const;
    // Uids of created objects are in the journal before they are in a snapshot.
    void add_uids(Generation& generation) const;
    void begin(Act act, const Generation& generation);
    void end();
    void run(const manifests::Bundle& bundle, const InstallPlan& plan, const PushPlan& push,
             const Generation& before);
    void commit(Generation generation);
    base::ExitCode undo_interrupted(const std::stop_token& stop);
    base::ExitCode roll_back_after(const base::Error& failure);
    base::ExitCode undo_down_to(std::optional<int> target);
    void wait_and_resync(const Generation& newest);
    // Names of the objects, and REPOSITORY:TAG, that the journal announces a change of.
    std::set<std::string> touched() const;
    // Errc::conflict when the record was made in another cluster.
    void require_same_cluster(const Generation& generation, const std::string& hint) const;
    // Errc::conflict when another host has installed since a run was interrupted here.
    void require_no_newer_install() const;
    // Errc::conflict when the cluster lock was removed or taken over meanwhile.
    void require_lock();
    // ExitCode::done, unless something was left unchanged on purpose.
    base::ExitCode done() const;

    kubernetes::Client& client_;
    images::RegistryClient& registry_;
    TransactionOptions options_;
    std::stop_token stop_;
    base::FileLock lock_;
    ClusterLock cluster_lock_;
    Journal journal_;
    std::optional<Generation> interrupted_;  // as recorded in the state directory
    bool keeps_record_ = false;              // finished, but pending.json could not be removed
    bool left_something_ = false;
    bool undone_something_ = false;
    int installed_generation_ = 0;
};

}  // namespace airlock::installer
