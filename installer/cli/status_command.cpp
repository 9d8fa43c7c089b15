#include "installer/cli/status_command.hpp"

#include "base/counted.hpp"
#include "base/json.hpp"
#include "installer/cli/generation_summary.hpp"
#include "installer/cli/session.hpp"
#include "installer/nodes/node_snapshot.hpp"
#include "installer/record/cluster_lock.hpp"
#include "installer/record/generation_store.hpp"
#include "kubernetes/readiness.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>
#include <set>

namespace airlock::installer {
namespace {

using base::ExitCode;
using base::Json;

struct NotReady {
    std::string object;
    std::string reason;
};

// Of all generations: a later one removes nothing that an earlier one installed.
std::set<kubernetes::ObjectKey> installed_objects(const std::vector<Generation>& generations) {
    std::set<kubernetes::ObjectKey> out;
    for (const auto& generation : generations) {
        for (const auto& object : generation.objects)
            out.insert(object.key);
    }
    return out;
}

std::vector<NotReady> objects_not_ready(kubernetes::Client& cluster,
                                        const std::set<kubernetes::ObjectKey>& keys) {
    std::vector<NotReady> out;
    for (const auto& key : keys) {
        const auto live = cluster.get(key);
        const auto state =
            live ? kubernetes::readiness_of(*live)
                 : kubernetes::Readiness{.ready = false, .failed = true, .reason = "absent"};
        const auto* replicas = live ? base::find_path(*live, {"spec", "replicas"}) : nullptr;
        if (!state.ready) {
            out.push_back({.object = key.text(), .reason = state.reason});
        } else if (replicas != nullptr && *replicas == 0) {
            out.push_back({.object = key.text(), .reason = "scaled to zero"});
        }
    }
    return out;
}

// "cpu 2 -> 4": allocatable before the first install and now, where they differ.
std::vector<std::string> changed_resources(const NodeBefore& before, const NodeBefore& now) {
    std::vector<std::string> out;
    for (const auto& [resource, _] : now.allocatable.items()) {
        const auto old = base::get_string(before.allocatable, resource, before.name, "(absent)");
        const auto current = base::text_at(now.allocatable, {resource});
        if (old != current) out.push_back(fmt::format("{} {} -> {}", resource, old, current));
    }
    return out;
}

// A run that is unfinished, here or on another host, and the next command; empty when there is
// none.
std::string describe_unfinished(const std::optional<Generation>& interrupted,
                                const std::optional<LockHolder>& holder,
                                const std::filesystem::path& state_dir) {
    if (is_running(state_dir)) {
        return interrupted
                   ? fmt::format("generation {} ({} {}): an install or rollback is running now\n",
                                 interrupted->number, interrupted->bundle, interrupted->version)
                   : "another airlock-installer is running\n";
    }
    if (interrupted) {
        return fmt::format(
            "generation {} ({} {}) was interrupted: run install again to continue, or rollback to "
            "undo\n",
            interrupted->number, interrupted->bundle, interrupted->version);
    }
    if (!holder) return {};
    if (!is_held_by(*holder, state_dir)) {
        return fmt::format("an install or rollback is unfinished on {}: {}\n", holder->text(),
                           how_to_release(*holder, state_dir));
    }
    return "nothing is unfinished, but the cluster is still locked: run kubectl -n kube-system "
           "delete lease airlock-installer\n";
}

Json node_changes(kubernetes::Client& cluster, const Generation& first) {
    auto out = Json::object();
    for (const auto& now : read_nodes(cluster)) {
        const auto before = std::ranges::find(first.nodes, now.name, &NodeBefore::name);
        if (before != first.nodes.end()) out[now.name] = changed_resources(*before, now);
    }
    return out;
}

}  // namespace

ExitCode status_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    const auto generations = load_generations(*cluster);
    const auto state_dir = transaction_options(arguments, *cluster).state_dir;
    const auto interrupted = read_interrupted(state_dir);
    const auto holder = read_lock_holder(*cluster);
    const auto unfinished = describe_unfinished(interrupted, holder, state_dir);
    Json json{{"installed", !generations.empty()}, {"unfinished", !unfinished.empty()}};
    if (!unfinished.empty()) json["reason"] = unfinished.substr(0, unfinished.size() - 1);
    if (holder) {
        json["lock"] = {
            {"host", holder->host()}, {"stateDir", holder->state_dir}, {"since", holder->since}};
    }
    std::string text = generations.empty() ? "nothing is installed\n" : "";
    bool healthy = unfinished.empty();
    if (!generations.empty()) {
        const auto& newest = generations.back();
        json.update(summary_json(newest));
        text += summary_text(newest);
        json["notReady"] = Json::array();
        const auto objects = installed_objects(generations);
        for (const auto& [object, reason] : objects_not_ready(*cluster, objects)) {
            healthy = false;
            json["notReady"].push_back({{"object", object}, {"reason", reason}});
            text += fmt::format("   {}: {}\n", object, reason);
        }
        if (healthy)
            text += fmt::format("   healthy: {}\n", base::counted(objects.size(), "object"));
        json["nodes"] = node_changes(*cluster, generations.front());
        for (const auto& [node, changes] : json["nodes"].items()) {
            text += fmt::format("   node {}:", node);
            if (changes.empty()) text += " unchanged";
            for (const auto& change : changes)
                text += " " + change.get<std::string>();
            text += "\n";
        }
    }
    text += unfinished;
    std::cout << (arguments.json() ? base::dump_json(json, 2) + "\n" : text);
    return healthy ? ExitCode::done : ExitCode::unhealthy;
}

}  // namespace airlock::installer
