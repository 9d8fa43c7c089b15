#include "installer/cli/status_command.hpp"

#include "base/counted.hpp"
#include "base/json.hpp"
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

Json to_json(const Generation& generation) {
    return {{"generation", generation.number},     {"bundle", generation.bundle},
            {"version", generation.version},       {"time", generation.time},
            {"registry", generation.registry},     {"prefix", generation.prefix},
            {"components", generation.components}, {"issuer", generation.issuer}};
}

std::string to_text(const Generation& generation) {
    return fmt::format("{}  {}  {} {}  [{}]  registry {}{}{}{}{}\n", generation.number,
                       generation.time, generation.bundle, generation.version,
                       fmt::join(generation.components, ", "), generation.registry,
                       generation.prefix.empty() ? "" : "/", generation.prefix,
                       generation.issuer.empty() ? "" : "  certificate ", generation.issuer);
}

struct Unwell {
    std::string object;
    std::string reason;
};

// What every generation brought is there still: a later one takes nothing away.
std::set<kubernetes::ObjectKey> installed_objects(const std::vector<Generation>& generations) {
    std::set<kubernetes::ObjectKey> out;
    for (const auto& generation : generations) {
        for (const auto& object : generation.objects)
            out.insert(object.key);
    }
    return out;
}

std::vector<Unwell> unwell_objects(kubernetes::Client& cluster,
                                   const std::set<kubernetes::ObjectKey>& keys) {
    std::vector<Unwell> out;
    for (const auto& key : keys) {
        const auto live = cluster.get(key);
        const auto state =
            live ? kubernetes::readiness_of(*live)
                 : kubernetes::Readiness{.ready = false, .failed = true, .reason = "absent"};
        const auto* replicas = live ? base::find_path(*live, {"spec", "replicas"}) : nullptr;
        if (!state.ready) {
            out.push_back({.object = key.text(), .reason = state.reason});
        } else if (replicas != nullptr && *replicas == 0) {
            out.push_back({.object = key.text(), .reason = "scaled to no replica"});
        }
    }
    return out;
}

// "cpu 2 -> 4": what the install found and what is there now, where they differ.
std::vector<std::string> raised(const NodeBefore& before, const NodeBefore& now) {
    std::vector<std::string> out;
    for (const auto& [resource, _] : now.allocatable.items()) {
        const auto old = base::get_string(before.allocatable, resource, before.name, "(absent)");
        const auto current = base::text_at(now.allocatable, {resource});
        if (old != current) out.push_back(fmt::format("{} {} -> {}", resource, old, current));
    }
    return out;
}

// What is not finished, here or on another host, and what to do about it; empty when all is.
std::string describe_unfinished(const std::optional<Generation>& cut_off,
                                const std::optional<LockHolder>& holder,
                                const std::filesystem::path& state_dir) {
    if (is_at_work(state_dir)) {
        return cut_off ? fmt::format("generation {} ({} {}) is being installed or undone now\n",
                                     cut_off->number, cut_off->bundle, cut_off->version)
                       : "an installer is at work now\n";
    }
    if (cut_off) {
        return fmt::format(
            "generation {} ({} {}) was cut off: install again continues it, rollback undoes it\n",
            cut_off->number, cut_off->bundle, cut_off->version);
    }
    if (!holder) return {};
    if (!is_held_by(*holder, state_dir)) {
        return fmt::format("an install or a rollback is not finished on {}: {}\n", holder->text(),
                           how_to_free(*holder, state_dir));
    }
    return "nothing is unfinished, but the cluster is locked still: kubectl -n kube-system delete "
           "lease airlock-installer\n";
}

Json node_changes(kubernetes::Client& cluster, const Generation& first) {
    auto out = Json::object();
    for (const auto& now : read_nodes(cluster)) {
        const auto before = std::ranges::find(first.nodes, now.name, &NodeBefore::name);
        if (before != first.nodes.end()) out[now.name] = raised(*before, now);
    }
    return out;
}

}  // namespace

ExitCode status_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    const auto generations = load_generations(*cluster);
    const auto cut_off = read_cut_off(arguments.transaction.state_dir);
    const auto holder = read_lock_holder(*cluster);
    const auto unfinished = describe_unfinished(cut_off, holder, arguments.transaction.state_dir);
    Json json{{"installed", !generations.empty()}, {"unfinished", !unfinished.empty()}};
    if (!unfinished.empty()) json["reason"] = unfinished.substr(0, unfinished.size() - 1);
    if (holder) {
        json["lock"] = {
            {"host", holder->host()}, {"stateDir", holder->state_dir}, {"since", holder->since}};
    }
    std::string text = generations.empty() ? "nothing is installed\n" : "";
    bool well = unfinished.empty();
    if (!generations.empty()) {
        const auto& newest = generations.back();
        json.update(to_json(newest));
        text += to_text(newest);
        json["unwell"] = Json::array();
        const auto objects = installed_objects(generations);
        for (const auto& [object, reason] : unwell_objects(*cluster, objects)) {
            well = false;
            json["unwell"].push_back({{"object", object}, {"reason", reason}});
            text += fmt::format("   {}: {}\n", object, reason);
        }
        if (well) text += fmt::format("   well: {}\n", base::counted(objects.size(), "object"));
        json["nodes"] = node_changes(*cluster, generations.front());
        for (const auto& [node, changes] : json["nodes"].items()) {
            text += fmt::format("   node {}:", node);
            if (changes.empty()) text += " as before the first install";
            for (const auto& change : changes)
                text += " " + change.get<std::string>();
            text += "\n";
        }
    }
    text += unfinished;
    std::cout << (arguments.json() ? base::dump_json(json, 2) + "\n" : text);
    return well ? ExitCode::done : ExitCode::failed;
}

ExitCode history_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    auto json = Json::array();
    std::string text;
    for (const auto& generation : load_generations(*cluster)) {
        json.push_back(to_json(generation));
        text += to_text(generation);
    }
    if (text.empty()) text = "nothing is installed\n";
    std::cout << (arguments.json() ? base::dump_json(json, 2) + "\n" : text);
    return ExitCode::done;
}

}  // namespace airlock::installer
