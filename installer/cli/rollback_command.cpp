#include "installer/cli/rollback_command.hpp"

#include "base/counted.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "installer/cli/session.hpp"
#include "installer/nodes/pods_at_risk.hpp"
#include "installer/record/generation_store.hpp"

#include <algorithm>
#include <iostream>

namespace airlock::installer {
namespace {

using base::ExitCode;

// What a rollback to `target` undoes, newest first.
std::vector<Generation> to_undo(std::vector<Generation> generations,
                                const std::optional<Generation>& cut_off,
                                std::optional<int> target) {
    std::vector<Generation> out;
    if (cut_off) out.push_back(*cut_off);
    if (cut_off && !target) return out;
    const auto newest = generations.empty() ? 0 : generations.back().number;
    if (target.value_or(0) > newest) {
        throw base::Error(
            base::Errc::usage, "there is no generation {}: {}", *target,
            newest == 0 ? "nothing is installed" : fmt::format("{} is the newest", newest))
            .set_hint("airlock-installer history lists them");
    }
    while (!generations.empty() && generations.back().number > target.value_or(newest - 1)) {
        // A cut-off rollback is of a generation that is recorded as well.
        if (!cut_off || cut_off->number != generations.back().number)
            out.push_back(generations.back());
        generations.pop_back();
    }
    return out;
}

std::string describe(const std::vector<Generation>& generations) {
    std::string out;
    for (const auto& generation : generations) {
        out += fmt::format("{}generation {} ({} {}: {}, {})", out.empty() ? "" : ", ",
                           generation.number, generation.bundle, generation.version,
                           base::counted(generation.objects.size(), "object"),
                           base::counted(generation.tags.size(), "tag"));
    }
    return out;
}

// A warning that cannot be given stops nothing.
std::vector<PodAtRisk> find_pods_at_risk(kubernetes::Client& cluster,
                                         const std::vector<Generation>& undone) {
    const auto brought = std::ranges::find_if(undone, &Generation::brings_node_webhook);
    if (brought == undone.end()) return {};
    try {
        return pods_at_risk(cluster.list("v1", "Pod"), cluster.list("v1", "Node"), brought->nodes);
    } catch (const base::Error& error) {
        base::log_warn("which pods fit only by the oversell cannot be said: {}", error.what());
        return {};
    }
}

// One registry, the one that the newest went to.
RegistryPlace place_of(const std::vector<Generation>& undone) {
    const auto& newest = undone.front();
    for (const auto& generation : undone) {
        if (generation.registry == newest.registry) continue;
        throw base::Error(base::Errc::usage,
                          "generation {} went to the registry {}, generation {} to {}",
                          newest.number, newest.registry, generation.number, generation.registry)
            .set_hint(
                fmt::format("one registry at a time: roll back to {} first, then further with the "
                            "credentials of {}",
                            generation.number, generation.registry));
    }
    return {.host = newest.registry, .prefix = newest.prefix, .plain_http = newest.plain_http};
}

// The cluster is put back whether or not the registry is there; a wrong password is told before.
void ping(images::RegistryClient& registry) {
    try {
        registry.ping();
    } catch (const base::Error& error) {
        if (error.code() != base::Errc::network && error.code() != base::Errc::timeout) throw;
        base::log_warn("the cluster is put back without its registry, whose tags remain: {}",
                       error.what());
    }
}

void warn_about(const std::vector<PodAtRisk>& pods) {
    if (pods.empty()) return;
    std::string text;
    for (const auto& pod : pods)
        text += fmt::format("\n  node {}: {} ({})", pod.node, pod.pod, pod.resource);
    base::log_warn(
        "these pods fit only by the oversell; they go on running, and are rejected when the "
        "kubelet "
        "of their node is started again. Move them, or drain the node:{}",
        text);
}

base::Json to_json(const std::vector<PodAtRisk>& pods) {
    auto out = base::Json::array();
    for (const auto& pod : pods)
        out.push_back({{"node", pod.node}, {"pod", pod.pod}, {"resource", pod.resource}});
    return out;
}

void say(const Arguments& arguments, std::string_view result, std::string_view words,
         const std::vector<PodAtRisk>& pods = {}) {
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", result}, {"podsAtRisk", to_json(pods)}}, 2)
                  << "\n";
    } else {
        std::cout << words << "\n";
    }
}

}  // namespace

ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    const auto generations = load_generations(*cluster);
    const auto undone =
        to_undo(generations, read_cut_off(arguments.transaction.state_dir), arguments.target);
    if (undone.empty()) {
        give_back_lock(*cluster, arguments.transaction.state_dir);
        say(arguments, "unchanged", "nothing to roll back");
        return ExitCode::done;
    }
    const auto place = place_of(undone);
    RegistrySession registry(
        arguments, arguments.registry.empty() ? place : parse_registry(arguments.registry), stop);
    ping(registry.client());
    Transaction transaction(*cluster, registry.client(), arguments.transaction, stop);
    const auto at_risk = find_pods_at_risk(*cluster, undone);
    warn_about(at_risk);
    confirm(arguments, fmt::format("Undo {}?", describe(undone)), stop);
    const auto code = transaction.roll_back(arguments.target, generations);
    if (code == ExitCode::done) say(arguments, "rolled back", "rolled back", at_risk);
    return code;
}

}  // namespace airlock::installer
