#include "installer/transaction/transaction.hpp"

#include "base/counted.hpp"
#include "base/error.hpp"
#include "base/human_size.hpp"
#include "base/log.hpp"
#include "installer/nodes/resync.hpp"
#include "installer/record/generation_store.hpp"
#include "installer/transaction/apply.hpp"
#include "installer/transaction/push_images.hpp"
#include "installer/transaction/snapshot.hpp"
#include "installer/transaction/undo.hpp"
#include "kubernetes/readiness.hpp"

#include <algorithm>
#include <map>

namespace airlock::installer {
namespace {

using base::Errc;
using base::Error;
using base::ExitCode;
using base::Json;
using base::Problem;

constexpr std::string_view kWait = "wait until the other installer has finished";
constexpr std::size_t kMaxPending = 256 * 1024 * 1024;

std::filesystem::path ensure_directory(const std::filesystem::path& path) {
    base::make_directories(path, 0700);
    return path;
}

std::filesystem::path lock_path(const std::filesystem::path& state_dir) {
    return state_dir / "lock";
}

std::filesystem::path pending_path(const std::filesystem::path& state_dir) {
    return state_dir / "pending.json";
}

// Partial snapshots of a run that was killed may hold Secrets. REQUIRES: the lock is held.
void remove_partial_snapshots(const std::filesystem::path& state_dir) {
    const auto stem = pending_path(state_dir).filename().string() + ".";
    for (const auto& entry : std::filesystem::directory_iterator(state_dir)) {
        if (entry.path().filename().string().starts_with(stem))
            std::filesystem::remove(entry.path());
    }
}

std::string describe(const std::vector<Problem>& problems) {
    std::string text;
    for (const auto& problem : problems)
        text += fmt::format("\n  {}: {}\n    {}", problem.where, problem.message, problem.hint);
    return text;
}

std::set<std::string> absent_objects(const Generation& generation) {
    std::set<std::string> out;
    for (const auto& object : generation.objects) {
        if (!object.object) out.insert(object.key.text());
    }
    return out;
}

}  // namespace

std::optional<Generation> read_interrupted(const std::filesystem::path& state_dir) {
    const auto path = pending_path(state_dir);
    const auto text = base::read_file_if_present(path, kMaxPending);
    if (!text) return std::nullopt;
    return Generation::from_json(base::parse_json(*text, path.string()), path.string());
}

void release_lock(kubernetes::Client& client, const std::filesystem::path& state_dir) {
    if (!std::filesystem::exists(lock_path(state_dir))) return;
    const base::FileLock lock(lock_path(state_dir), kWait);
    const auto holder = read_lock_holder(client);
    if (!holder || !is_held_by(*holder, state_dir) || read_interrupted(state_dir)) return;
    ClusterLock ours(client, state_dir);
    ours.acquire();
    ours.release();
}

bool is_running(const std::filesystem::path& state_dir) {
    return base::FileLock::is_held(lock_path(state_dir));
}

Transaction::Transaction(kubernetes::Client& client, images::RegistryClient& registry,
                         TransactionOptions options, std::stop_token stop)
    : client_(client),
      registry_(registry),
      options_(std::move(options)),
      stop_(std::move(stop)),
      lock_(lock_path(ensure_directory(options_.state_dir)), kWait),
      cluster_lock_(client, options_.state_dir),
      journal_(options_.state_dir / "journal.jsonl"),
      interrupted_(read_interrupted(options_.state_dir)) {
    if (interrupted_) {
        require_same_cluster(*interrupted_,
                             fmt::format("move {} back to the state directory of that cluster",
                                         options_.state_dir.string()));
    }
    remove_partial_snapshots(options_.state_dir);
    // Records without a snapshot: interrupted before the first change, or after the last.
    if (!interrupted_ && !journal_.records().empty()) journal_.clear();
}

Transaction::~Transaction() {
    if (!unfinished() && !keeps_record_) cluster_lock_.release();
}

bool Transaction::undoing() const {
    return std::ranges::any_of(journal_.records(),
                               [](const JournalRecord& record) { return record.act == Act::undo; });
}

bool Transaction::installing() const {
    return std::ranges::any_of(
        journal_.records(), [](const JournalRecord& record) { return record.act == Act::install; });
}

void Transaction::add_results(Generation& generation) const {
    std::map<std::string, ObjectBefore*> objects;
    for (auto& object : generation.objects)
        objects[object.key.text()] = &object;
    for (const auto& record : journal_.records()) {
        const auto at = objects.find(base::text_at(record.fields, {"object"}));
        if (at == objects.end()) continue;
        auto& [name, object] = *at;
        if (record.act == Act::created) object->created_uid = base::text_at(record.fields, {"uid"});
        if (const auto* before = base::find(record.fields, "before"))
            object->changes.push_back({.before = *before, .after = {}});
        if (record.act == Act::applied && !object->changes.empty())
            object->changes.back().after =
                base::require_object(record.fields, "after", "the journal");
    }
    // A run that was killed between a write and its record: the next one began with the result.
    for (auto& [name, object] : objects) {
        for (std::size_t i = 0; i + 1 < object->changes.size(); ++i) {
            auto& after = object->changes[i].after;
            if (after.is_null()) after = object->changes[i + 1].before;
        }
    }
    if (!installing()) return;
    const auto announced = touched();
    for (auto& [name, object] : objects)
        object->touched = announced.contains(name);
}

void Transaction::begin(Act act, const Generation& generation) {
    journal_.append(act, {{"generation", generation.number},
                          {"bundle", generation.bundle},
                          {"cluster", options_.cluster},
                          {"version", generation.version}});
    // The run counts as unfinished from here on.
    base::write_file_durably(pending_path(options_.state_dir),
                             base::dump_json(generation.to_json()), 0600);
    interrupted_ = generation;
}

// The result stands whether or not pending.json can be removed: the next run finds the record, and
// finishes again.
void Transaction::end() {
    const auto path = pending_path(options_.state_dir);
    try {
        std::filesystem::remove(path);
        base::fsync_parent_directory(path);
        journal_.clear();
    } catch (const std::exception& failure) {
        base::log_warn("cannot remove {}, so the next run will treat this one as interrupted: {}",
                       path.string(), failure.what());
        keeps_record_ = true;
    }
    interrupted_.reset();
}

std::set<std::string> Transaction::touched() const {
    std::set<std::string> out;
    for (const auto& record : journal_.records()) {
        for (const auto* key : {"object", "tag"}) {
            if (auto name = base::text_at(record.fields, {key}); !name.empty())
                out.insert(std::move(name));
        }
    }
    return out;
}

void Transaction::enter() {
    const bool is_new = cluster_lock_.acquire();
    try {
        require_no_newer_install();
    } catch (const Error&) {
        // A run that was interrupted here must not keep out those who have installed since.
        if (is_new) cluster_lock_.release();
        throw;
    }
}

void Transaction::require_lock() {
    if (!cluster_lock_.is_lost()) return;
    throw Error(Errc::conflict,
                "the cluster lock of this run was removed: another installer may be running")
        .set_hint(
            "run airlock-installer history to see what is installed; then run install again to "
            "continue, or rollback to undo");
}

void Transaction::require_same_cluster(const Generation& generation,
                                       const std::string& hint) const {
    if (generation.cluster.empty() || generation.cluster == options_.cluster) return;
    throw Error(Errc::conflict,
                "generation {} was recorded in another cluster (kube-system has uid {} there, {} "
                "here)",
                generation.number, generation.cluster, options_.cluster)
        .set_hint(hint);
}

void Transaction::require_no_newer_install() const {
    if (!interrupted_) return;
    for (const auto& generation : load_generations(client_)) {
        if (generation.number != interrupted_->number || generation.id == interrupted_->id)
            continue;
        throw Error(Errc::conflict,
                    "generation {} was interrupted here, but another host has installed a "
                    "generation {} since",
                    generation.number, generation.number)
            .set_hint(fmt::format(
                "run airlock-installer history to see what is installed; if that is correct, remove {} "
                "and run this command again",
                pending_path(options_.state_dir).string()));
    }
}

ExitCode Transaction::done() const {
    return left_something_ ? ExitCode::rollback_incomplete : ExitCode::done;
}

ExitCode Transaction::finish_rollback() {
    if (!unfinished() || !undoing()) return ExitCode::done;
    base::log_info("finishing the rollback that was interrupted");
    return undo_interrupted(stop_);
}

ExitCode Transaction::install(const manifests::Bundle& bundle, const InstallPlan& plan,
                              const PlanRequest& request, const PushPlan& push) {
    if (unfinished() && interrupted_->registry != request.registry) {
        throw Error(Errc::conflict, "an install to registry {} was interrupted",
                    interrupted_->registry)
            .set_hint("install to that registry to continue, or run rollback first");
    }
    bundle.verify_installer();
    base::log_info("verifying the blobs to push: {}, {}", base::counted(push.blobs.size(), "blob"),
                   base::human_size(push.bytes));
    verify_blobs(bundle, push, stop_);
    std::optional<InterruptedRun> earlier;
    if (interrupted_) earlier = {.snapshot = *interrupted_, .touched = touched()};
    const auto before = take_snapshot(client_, registry_, bundle, plan, request, push, earlier);
    begin(Act::install, before);
    try {
        run(bundle, plan, push, before);
    } catch (const Error& failure) {
        return roll_back_after(failure);
    } catch (const std::exception& failure) {
        return roll_back_after(Error(Errc::internal, "{}", failure.what()));
    }
    end();
    installed_generation_ = before.number;
    return ExitCode::done;
}

ExitCode Transaction::roll_back_after(const Error& failure) {
    base::report(failure);
    if (cluster_lock_.is_lost()) {
        base::log_error(
            "not rolled back: the cluster lock of this run was removed, and another installer may "
            "be running");
        return ExitCode::rollback_incomplete;
    }
    if (!options_.roll_back_on_failure) {
        base::log_error(
            "not rolled back (--on-failure stop): run install again to continue, or rollback to "
            "undo");
        return ExitCode::rollback_incomplete;
    }
    base::log_info("rolling back");
    // The signal that stopped the install does not stop this.
    client_.set_stop({});
    registry_.set_stop({});
    if (const auto code = undo_interrupted({}); code != ExitCode::done) return code;
    if (left_something_) return ExitCode::rollback_incomplete;
    return failure.code() == Errc::cancelled ? ExitCode::interrupted : ExitCode::rolled_back;
}

void Transaction::run(const manifests::Bundle& bundle, const InstallPlan& plan,
                      const PushPlan& push, const Generation& before) {
    base::log_info("pushing {} to {}", base::counted(plan.placements.size(), "image"),
                   registry_.host());
    installer::push(registry_, bundle, push, options_.concurrency, stop_);
    for (const auto& move : push.tags) {
        journal_.append(Act::move_tag, {{"tag", move.repository + ":" + move.tag}});
        move_tag(registry_, bundle, move);
    }
    Apply apply(client_, bundle, plan, absent_objects(before), journal_, options_.timeout, stop_);
    apply.components();
    apply.certificate();
    if (before.resync) resync_nodes(client_, before.state_annotation, stop_);
    apply.checks();
    require_lock();
    commit(before);
}

void Transaction::commit(Generation generation) {
    journal_.append(Act::commit, {{"generation", generation.number}});
    add_results(generation);
    save_generation(client_, generation);
}

ExitCode Transaction::undo_interrupted(const std::stop_token& stop) {
    auto generation = *interrupted_;
    add_results(generation);
    undone_something_ = true;
    const auto result = undo(
        client_, registry_, generation, journal_,
        {.ignored = options_.ignored, .force = options_.force, .left = options_.state_dir / "left"},
        stop);
    if (!result.left.empty()) {
        left_something_ = true;
        base::log_warn("left unchanged; manual action required:{}", describe(result.left));
    }
    if (!result.failed.empty()) {
        base::log_error("generation {}: rollback incomplete:{}", generation.number,
                        describe(result.failed));
        base::log_error("hint: fix the problems listed above, then run rollback again");
        return stop.stop_requested() ? ExitCode::interrupted : ExitCode::rollback_incomplete;
    }
    end();
    base::log_info("generation {} undone", generation.number);
    return ExitCode::done;
}

ExitCode Transaction::roll_back(std::optional<int> target, const std::vector<Generation>& seen) {
    enter();
    for (const auto& generation : seen) {
        require_same_cluster(
            generation, fmt::format("its Secrets were copied from there, as by a backup; if they "
                                    "are of no use, delete them: kubectl -n kube-system delete "
                                    "secret -l airlock.dev/generation={}",
                                    generation.number));
    }
    if (!std::ranges::equal(load_generations(client_), seen, {}, &Generation::id,
                            &Generation::id)) {
        throw Error(Errc::conflict,
                    "another host has installed or rolled back since this run began")
            .set_hint(
                "run airlock-installer history to see what is installed, then run this again");
    }
    try {
        return undo_down_to(target);
    } catch (const Error& error) {
        if (!undone_something_) throw;
        base::report(error);
        base::log_error("rollback incomplete: run rollback again to continue");
        return ExitCode::rollback_incomplete;
    }
}

ExitCode Transaction::undo_down_to(std::optional<int> target) {
    if (unfinished()) {
        base::log_info("undoing the {} that was interrupted", undoing() ? "rollback" : "install");
        if (const auto code = undo_interrupted(stop_); code != ExitCode::done) return code;
        if (!target) return done();
    }
    auto generations = load_generations(client_);
    const auto newest = generations.empty() ? 0 : generations.back().number;
    if (newest == 0 || target.value_or(0) >= newest) {
        base::log_info("nothing to roll back: {}",
                       newest == 0 ? "nothing is installed"
                                   : fmt::format("generation {} is the newest", newest));
        return done();
    }
    while (!generations.empty() && generations.back().number > target.value_or(newest - 1)) {
        require_lock();
        const auto& generation = generations.back();
        base::log_info("undoing generation {} ({} {})", generation.number, generation.bundle,
                       generation.version);
        begin(Act::undo, generation);
        if (const auto code = undo_interrupted(stop_); code != ExitCode::done) return code;
        generations.pop_back();
    }
    if (const auto* resyncing = newest_with_resync(generations)) wait_and_resync(*resyncing);
    return done();
}

// The rollback is done: a failure here is only a warning.
void Transaction::wait_and_resync(const Generation& newest) {
    try {
        std::vector<kubernetes::ObjectKey> keys;
        for (const auto& object : newest.objects)
            keys.push_back(object.key);
        kubernetes::wait_until_ready(client_, keys, options_.timeout, stop_);
        resync_nodes(client_, newest.state_annotation, stop_);
    } catch (const Error& error) {
        base::log_warn(
            "rolled back, but generation {} is not fully ready: {}; run airlock-installer "
            "status, and when it is healthy, airlock-installer resync",
            newest.number, error.what());
    }
}

}  // namespace airlock::installer
