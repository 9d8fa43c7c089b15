// An install as a transaction: snapshot, push, apply, certificate, webhook configuration last,
// checks, commit. After any end, kill -9 included, there are two ways on: install again, which
// continues, or rollback.
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
    std::filesystem::path state_dir = "/var/lib/airlock";
    std::chrono::seconds timeout{300};
    std::size_t concurrency = 4;
    bool roll_back_on_failure = true;
};

// What an install or a rollback that was cut off left in the state folder.
std::optional<Generation> read_cut_off(const std::filesystem::path& state_dir);
// Whether an installer is at work with this folder now.
bool is_at_work(const std::filesystem::path& state_dir);
// The cluster's lock, which a run that was killed before its first act or after its last has left.
void give_back_lock(kubernetes::Client& client, const std::filesystem::path& state_dir);

class Transaction {
  public:
    // Takes the lock of the state folder. Errc::conflict when another installer holds it.
    Transaction(kubernetes::Client& client, images::RegistryClient& registry,
                TransactionOptions options, std::stop_token stop);
    // Gives the cluster's lock back, unless something is unfinished.
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    // Alone in the cluster from here on. Comes before anything is looked at for an install.
    // Errc::conflict when another host is at work, or has installed since a run was cut off here.
    void enter();
    // A rollback that was cut off, to its end; nothing to do without one. Comes before anything is
    // looked at for an install: it changes what there is to see. REQUIRES: entered.
    base::ExitCode finish_rollback();
    // `plan` and `push` were made after entering. Throws only while nothing has changed; afterwards
    // the exit code tells. REQUIRES: no rollback is cut off.
    base::ExitCode install(const manifests::Bundle& bundle, const InstallPlan& plan,
                           const PlanRequest& request, const PushPlan& push);
    // To the generation `target`; to the one before the newest when there is none. An install that
    // was cut off is undone first, and alone when there is no target. Enters by itself;
    // Errc::conflict when another host has changed what the operator was asked about, `seen`.
    base::ExitCode roll_back(std::optional<int> target, const std::vector<Generation>& seen);

    bool unfinished() const { return cut_off_.has_value(); }
    // Of the install that was done; 0 before.
    int installed_generation() const { return installed_generation_; }

  private:
    bool undoing() const;
    // The journal's word about what was made is newer than the snapshot's.
    void add_uids(Generation& generation) const;
    void begin(Act act, const Generation& generation);
    void end();
    void run(const manifests::Bundle& bundle, const InstallPlan& plan, const PushPlan& push,
             const Generation& before);
    void commit(Generation generation);
    base::ExitCode undo_cut_off(const std::stop_token& stop);
    base::ExitCode put_back_after(const base::Error& failure);
    base::ExitCode undo_down_to(std::optional<int> target);
    void bring_back(const Generation& newest);
    // Names of objects, and REPOSITORY:TAG, of which the journal says that they were to change.
    std::set<std::string> touched() const;
    // Errc::conflict when another host has installed since the run that was cut off.
    void refuse_another_hosts() const;
    // Errc::conflict when somebody gave the cluster's lock to another host meanwhile.
    void require_lock();
    // Done, unless something was left on purpose.
    base::ExitCode done() const;

    kubernetes::Client& client_;
    images::RegistryClient& registry_;
    TransactionOptions options_;
    std::stop_token stop_;
    base::FileLock lock_;
    ClusterLock cluster_lock_;
    Journal journal_;
    std::optional<Generation> cut_off_;  // as in the state folder
    bool keeps_record_ = false;          // finished, and the state folder did not take the news
    bool left_something_ = false;
    bool undone_something_ = false;
    int installed_generation_ = 0;
};

}  // namespace airlock::installer
