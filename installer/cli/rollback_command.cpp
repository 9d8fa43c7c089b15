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
                                const std::optional<Generation>& interrupted,
                                std::optional<int> target) {
    std::vector<Generation> out;
    if (interrupted) out.push_back(*interrupted);
    if (interrupted && !target) return out;
    const auto newest = generations.empty() ? 0 : generations.back().number;
    if (target.value_or(0) > newest) {
        throw base::Error(
            base::Errc::usage, "generation {} does not exist: {}", *target,
            newest == 0 ? "nothing is installed" : fmt::format("{} is the newest", newest))
            .set_hint("run airlock-installer history to list the generations");
    }
    while (!generations.empty() && generations.back().number > target.value_or(newest - 1)) {
        // A rollback that was interrupted is of a generation that the cluster has as well.
        if (!interrupted || interrupted->number != generations.back().number)
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

// A failure here must not stop the rollback: this is only a warning.
std::vector<PodAtRisk> find_pods_at_risk(kubernetes::Client& cluster,
                                         const std::vector<Generation>& undone) {
    const auto brought = std::ranges::find_if(undone, &Generation::brings_node_webhook);
    if (brought == undone.end()) return {};
    try {
        return pods_at_risk(cluster.list("v1", "Pod"), cluster.list("v1", "Node"), brought->nodes);
    } catch (const base::Error& error) {
        base::log_warn("cannot determine which pods depend on oversold capacity: {}", error.what());
        return {};
    }
}

// All generations must have used the registry of the newest.
RegistryPlace place_of(const std::vector<Generation>& undone) {
    const auto& newest = undone.front();
    for (const auto& generation : undone) {
        if (generation.registry == newest.registry) continue;
        throw base::Error(base::Errc::usage,
                          "generation {} was installed to registry {}, generation {} to {}",
                          newest.number, newest.registry, generation.number, generation.registry)
            .set_hint(fmt::format(
                "run rollback {} first, then roll back further with the credentials of {}",
                generation.number, generation.registry));
    }
    return {.host = newest.registry, .prefix = newest.prefix, .plain_http = newest.plain_http};
}

void ping(images::RegistryClient& registry) {
    try {
        registry.ping();
    } catch (const base::Error& error) {
        if (!can_go_on_without_registry(error)) throw;
        base::log_warn("the registry does not answer: only the cluster will be restored: {}",
                       error.what());
    }
}

void warn_about(const std::vector<PodAtRisk>& pods) {
    if (pods.empty()) return;
    std::string text;
    for (const auto& pod : pods)
        text += fmt::format("\n  node {}: {} ({})", pod.node, pod.pod, pod.resource);
    base::log_warn(
        "these pods depend on oversold capacity: they keep running until their kubelet restarts, "
        "which rejects them; move them or drain the nodes:{}",
        text);
}

base::Json to_json(const std::vector<PodAtRisk>& pods) {
    auto out = base::Json::array();
    for (const auto& pod : pods)
        out.push_back({{"node", pod.node}, {"pod", pod.pod}, {"resource", pod.resource}});
    return out;
}

void print_result(const Arguments& arguments, std::string_view result, std::string_view text,
                  const std::vector<PodAtRisk>& pods = {}) {
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", result}, {"podsAtRisk", to_json(pods)}}, 2)
                  << "\n";
    } else {
        std::cout << text << "\n";
    }
}

}  // namespace

bool can_go_on_without_registry(const base::Error& error) {
    using enum base::Errc;
    switch (error.code()) {
        case network:
        case timeout:
        case unavailable:
            return true;
        default:
            return false;
    }
}

ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    const auto generations = load_generations(*cluster);
    const auto options = transaction_options(arguments, *cluster);
    const auto undone = to_undo(generations, read_interrupted(options.state_dir), arguments.target);
    if (undone.empty()) {
        release_lock(*cluster, options.state_dir);
        print_result(arguments, "unchanged", "nothing to roll back");
        return ExitCode::done;
    }
    const auto place = place_of(undone);
    RegistrySession registry(
        arguments, arguments.registry.empty() ? place : parse_registry(arguments.registry), stop);
    ping(registry.client());
    Transaction transaction(*cluster, registry.client(), options, stop);
    const auto at_risk = find_pods_at_risk(*cluster, undone);
    warn_about(at_risk);
    confirm(arguments, fmt::format("Undo {}?", describe(undone)), stop);
    const auto code = transaction.roll_back(arguments.target, generations);
    if (code == ExitCode::done) print_result(arguments, "rolled back", "rolled back", at_risk);
    return code;
}

ExitCode uninstall_command(const Arguments& arguments, const std::stop_token& stop) {
    auto all = arguments;
    all.target = 0;
    return rollback_command(all, stop);
}

}  // namespace airlock::installer
