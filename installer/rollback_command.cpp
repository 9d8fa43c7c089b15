#include "installer/rollback_command.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "installer/generation_store.hpp"
#include "installer/session.hpp"

#include <iostream>

namespace airlock::installer {
namespace {

using base::ExitCode;

// What a rollback to `target` undoes, newest first.
std::vector<Generation> to_undo(KubeClient& cluster, const std::optional<Generation>& cut_off,
                                std::optional<int> target) {
    std::vector<Generation> out;
    if (cut_off) out.push_back(*cut_off);
    if (cut_off && !target) return out;
    auto generations = load_generations(cluster);
    const auto newest = generations.empty() ? 0 : generations.back().number;
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
        out += fmt::format("{}generation {} ({} {}: {} objects, {} tags)", out.empty() ? "" : ", ",
                           generation.number, generation.bundle, generation.version,
                           generation.objects.size(), generation.tags.size());
    }
    return out;
}

void say(const Arguments& arguments, std::string_view result, std::string_view words) {
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", result}}, 2) << "\n";
    } else {
        std::cout << words << "\n";
    }
}

}  // namespace

ExitCode rollback_command(const Arguments& arguments, const std::stop_token& stop) {
    const auto cluster = connect(arguments, stop);
    cluster->server_version();
    const auto undone =
        to_undo(*cluster, read_cut_off(arguments.transaction.state_dir), arguments.target);
    if (undone.empty()) {
        say(arguments, "unchanged", "nothing to roll back");
        return ExitCode::done;
    }
    const auto& newest = undone.front();
    RegistrySession registry(arguments,
                             arguments.registry.empty()
                                 ? RegistryPlace{.host = newest.registry,
                                                 .prefix = newest.prefix,
                                                 .plain_http = newest.plain_http}
                                 : parse_registry(arguments.registry),
                             stop);
    Transaction transaction(*cluster, registry.client(), arguments.transaction, stop);
    confirm(arguments, fmt::format("Undo {}?", describe(undone)));
    const auto code = transaction.roll_back(arguments.target);
    if (code == ExitCode::done) say(arguments, "rolled back", "rolled back");
    return code;
}

}  // namespace airlock::installer
