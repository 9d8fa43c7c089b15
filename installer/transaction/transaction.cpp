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

constexpr std::string_view kWait = "wait until the other installer has ended";
constexpr std::size_t kMaxCutOff = 256 * 1024 * 1024;

std::filesystem::path ready_folder(const std::filesystem::path& path) {
    base::make_directories(path, 0700);
    return path;
}

std::filesystem::path lock_path(const std::filesystem::path& state_dir) {
    return state_dir / "lock";
}

std::filesystem::path cut_off_path(const std::filesystem::path& state_dir) {
    return state_dir / "pending.json";
}

// Half-written snapshots of a run that was killed: they hold Secrets. REQUIRES: the lock is held.
void remove_half_written(const std::filesystem::path& state_dir) {
    const auto stem = cut_off_path(state_dir).filename().string() + ".";
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

std::set<std::string> absent_in(const Generation& generation) {
    std::set<std::string> out;
    for (const auto& object : generation.objects) {
        if (!object.object) out.insert(object.key.text());
    }
    return out;
}

}  // namespace

std::optional<Generation> read_cut_off(const std::filesystem::path& state_dir) {
    const auto path = cut_off_path(state_dir);
    const auto text = base::read_file_if_present(path, kMaxCutOff);
    if (!text) return std::nullopt;
    return Generation::from_json(base::parse_json(*text, path.string()), path.string());
}

void give_back_lock(kubernetes::Client& client, const std::filesystem::path& state_dir) {
    if (!std::filesystem::exists(lock_path(state_dir))) return;
    const base::FileLock lock(lock_path(state_dir), kWait);
    const auto holder = read_lock_holder(client);
    if (!holder || !is_held_by(*holder, state_dir) || read_cut_off(state_dir)) return;
    ClusterLock ours(client, state_dir);
    ours.acquire();
    ours.release();
}

bool is_at_work(const std::filesystem::path& state_dir) {
    return base::FileLock::is_held(lock_path(state_dir));
}

Transaction::Transaction(kubernetes::Client& client, images::RegistryClient& registry,
                         TransactionOptions options, std::stop_token stop)
    : client_(client),
      registry_(registry),
      options_(std::move(options)),
      stop_(std::move(stop)),
      lock_(lock_path(ready_folder(options_.state_dir)), kWait),
      cluster_lock_(client, options_.state_dir),
      journal_(options_.state_dir / "journal.jsonl"),
      cut_off_(read_cut_off(options_.state_dir)) {
    remove_half_written(options_.state_dir);
    // Records without a snapshot: cut off before the first act, or after the last.
    if (!cut_off_ && !journal_.records().empty()) journal_.clear();
}

Transaction::~Transaction() {
    if (!unfinished() && !keeps_record_) cluster_lock_.release();
}

bool Transaction::undoing() const {
    return std::ranges::any_of(journal_.records(),
                               [](const JournalRecord& record) { return record.act == Act::undo; });
}

void Transaction::add_uids(Generation& generation) const {
    std::map<std::string, std::string> made;
    for (const auto& record : journal_.records()) {
        if (record.act == Act::made)
            made[base::text_at(record.fields, {"object"})] = base::text_at(record.fields, {"uid"});
    }
    for (auto& object : generation.objects) {
        if (const auto at = made.find(object.key.text()); at != made.end())
            object.created_uid = at->second;
    }
}

void Transaction::begin(Act act, const Generation& generation) {
    journal_.append(act, {{"generation", generation.number},
                          {"bundle", generation.bundle},
                          {"version", generation.version}});
    // From here on it is unfinished.
    base::write_file_durably(cut_off_path(options_.state_dir),
                             base::dump_json(generation.to_json()), 0600);
    cut_off_ = generation;
}

// What was done is done, whether or not the state folder takes the news: the next run finds the
// record, and ends again.
void Transaction::end() {
    const auto path = cut_off_path(options_.state_dir);
    try {
        std::filesystem::remove(path);
        base::fsync_parent_directory(path);
        journal_.clear();
    } catch (const std::exception& failure) {
        base::log_warn(
            "{} could not be removed, so the next run will take this one for cut off: {}",
            path.string(), failure.what());
        keeps_record_ = true;
    }
    cut_off_.reset();
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
        refuse_another_hosts();
    } catch (const Error&) {
        // What was cut off here is not in the way of those who have installed since.
        if (is_new) cluster_lock_.release();
        throw;
    }
}

void Transaction::require_lock() {
    if (!cluster_lock_.is_lost()) return;
    throw Error(Errc::conflict,
                "somebody took this run's lock of the cluster away: another host may be at work")
        .set_hint(
            "look at airlock-installer history, and at who did it; install again continues this "
            "run, rollback undoes it");
}

void Transaction::refuse_another_hosts() const {
    if (!cut_off_) return;
    for (const auto& generation : load_generations(client_)) {
        if (generation.number != cut_off_->number || generation.id == cut_off_->id) continue;
        throw Error(Errc::conflict,
                    "generation {} was cut off here, and is another one in the cluster: somebody "
                    "installed from another host since",
                    generation.number)
            .set_hint(fmt::format(
                "airlock-installer history shows what is installed; when that is as it should be, "
                "remove {} and run this again",
                cut_off_path(options_.state_dir).string()));
    }
}

ExitCode Transaction::done() const {
    return left_something_ ? ExitCode::rollback_incomplete : ExitCode::done;
}

ExitCode Transaction::finish_rollback() {
    if (!unfinished() || !undoing()) return ExitCode::done;
    base::log_info("a rollback was cut off: finishing it first");
    return undo_cut_off(stop_);
}

ExitCode Transaction::install(const manifests::Bundle& bundle, const InstallPlan& plan,
                              const PlanRequest& request, const PushPlan& push) {
    if (unfinished() && cut_off_->registry != request.registry) {
        throw Error(Errc::conflict, "an install to the registry {} was cut off", cut_off_->registry)
            .set_hint("install there to continue it, or run rollback first");
    }
    bundle.verify_installer();
    base::log_info("checking what is going to be sent: {}, {}",
                   base::counted(push.blobs.size(), "blob"), base::human_size(push.bytes));
    verify_blobs(bundle, push, stop_);
    std::optional<CutOff> earlier;
    if (cut_off_) earlier = {.snapshot = *cut_off_, .touched = touched()};
    const auto before = take_snapshot(client_, registry_, bundle, plan, request, push, earlier);
    begin(Act::install, before);
    try {
        run(bundle, plan, push, before);
    } catch (const Error& failure) {
        return put_back_after(failure);
    } catch (const std::exception& failure) {
        return put_back_after(Error(Errc::internal, "{}", failure.what()));
    }
    end();
    installed_generation_ = before.number;
    return ExitCode::done;
}

ExitCode Transaction::put_back_after(const Error& failure) {
    base::report(failure);
    if (cluster_lock_.is_lost()) {
        base::log_error(
            "left as it is: somebody took this run's lock of the cluster away, and another host "
            "may be at work");
        return ExitCode::rollback_incomplete;
    }
    if (!options_.roll_back_on_failure) {
        base::log_error(
            "left as it is (--on-failure stop); install again continues, rollback undoes");
        return ExitCode::rollback_incomplete;
    }
    base::log_info("putting everything back");
    // The signal that stopped the install does not stop this.
    client_.set_stop({});
    registry_.set_stop({});
    if (const auto code = undo_cut_off({}); code != ExitCode::done) return code;
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
    Apply apply(client_, bundle, plan, absent_in(before), journal_, options_.timeout, stop_);
    apply.components();
    apply.certificate();
    if (before.resync) resync_nodes(client_, before.state_annotation, stop_);
    apply.checks();
    require_lock();
    commit(before);
}

void Transaction::commit(Generation generation) {
    journal_.append(Act::commit, {{"generation", generation.number}});
    add_uids(generation);
    save_generation(client_, generation);
}

ExitCode Transaction::undo_cut_off(const std::stop_token& stop) {
    auto generation = *cut_off_;
    add_uids(generation);
    undone_something_ = true;
    const auto result = undo(client_, registry_, generation, journal_, stop);
    if (!result.left.empty()) {
        left_something_ = true;
        base::log_warn("left where it is, for you to decide:{}", describe(result.left));
    }
    if (!result.failed.empty()) {
        base::log_error("generation {} is not put back completely:{}", generation.number,
                        describe(result.failed));
        base::log_error("what to do: mend what is named, then run rollback again");
        return stop.stop_requested() ? ExitCode::interrupted : ExitCode::rollback_incomplete;
    }
    end();
    base::log_info("generation {} is undone", generation.number);
    return ExitCode::done;
}

ExitCode Transaction::roll_back(std::optional<int> target, const std::vector<Generation>& seen) {
    enter();
    if (!std::ranges::equal(load_generations(client_), seen, {}, &Generation::id,
                            &Generation::id)) {
        throw Error(Errc::conflict,
                    "somebody installed or rolled back from another host since this run began")
            .set_hint("airlock-installer history shows what is installed; then run this again");
    }
    try {
        return undo_down_to(target);
    } catch (const Error& error) {
        if (!undone_something_) throw;
        base::report(error);
        base::log_error("what was undone so far stays so; run rollback again for the rest");
        return ExitCode::rollback_incomplete;
    }
}

ExitCode Transaction::undo_down_to(std::optional<int> target) {
    if (unfinished()) {
        base::log_info("the last {} was cut off: undoing it", undoing() ? "rollback" : "install");
        if (const auto code = undo_cut_off(stop_); code != ExitCode::done) return code;
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
        if (const auto code = undo_cut_off(stop_); code != ExitCode::done) return code;
        generations.pop_back();
    }
    if (const auto* resyncing = newest_that_resyncs(generations)) bring_back(*resyncing);
    return done();
}

// The rollback is done; this only hurries what follows from it.
void Transaction::bring_back(const Generation& newest) {
    try {
        std::vector<kubernetes::ObjectKey> keys;
        for (const auto& object : newest.objects)
            keys.push_back(object.key);
        kubernetes::wait_until_ready(client_, keys, options_.timeout, stop_);
        resync_nodes(client_, newest.state_annotation, stop_);
    } catch (const Error& error) {
        base::log_warn(
            "rolled back, and generation {} is not wholly well: {}; airlock-installer "
            "status says how it goes on, resync lets the webhook act on every node",
            newest.number, error.what());
    }
}

}  // namespace airlock::installer
