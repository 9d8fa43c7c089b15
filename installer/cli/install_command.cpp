#include "installer/cli/install_command.hpp"

#include "base/counted.hpp"
#include "base/human_size.hpp"
#include "base/json.hpp"
#include "installer/cli/site.hpp"
#include "installer/record/generation_store.hpp"

#include <iostream>

namespace airlock::installer {
namespace {

using base::ExitCode;

void print_result(const Arguments& arguments, std::string_view result, const Site& site,
                  int generation, std::string_view text) {
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", result},
                                      {"bundle", site.bundle.lock().name},
                                      {"version", site.bundle.lock().version},
                                      {"generation", generation}},
                                     2)
                  << "\n";
    } else {
        std::cout << text << "\n";
    }
}

}  // namespace

ExitCode install_command(const Arguments& arguments, const std::stop_token& stop) {
    auto site = reach(arguments, stop);
    const auto request = request_of(arguments, site);
    plan_for(site, request);
    Transaction transaction(*site.cluster, site.registry.client(),
                            transaction_options(arguments, *site.cluster), stop);
    transaction.enter();
    if (const auto code = transaction.finish_rollback(); code != ExitCode::done) return code;
    // Planned again under the lock, because others may have changed the cluster before.
    const auto generations = load_generations(*site.cluster);
    auto plan = make_install_plan(*site.cluster, site.bundle, request);
    const auto summary = summary_of(arguments, site, plan, stop);
    const bool same = !generations.empty() && generations.back().fingerprint == plan.fingerprint;
    if (same && !transaction.unfinished() && summary.nothing_to_do()) {
        const auto number = generations.back().number;
        print_result(arguments, "unchanged", site, number,
                     fmt::format("nothing to change: {} is installed as generation {}", site.name(),
                                 number));
        return ExitCode::done;
    }
    confirm(arguments,
            fmt::format("Install {}: {} to create, {} to change, {}, {} to send?", site.name(),
                        base::counted(summary.create.size(), "object"), summary.change.size(),
                        base::counted(summary.push.tags.size(), "tag"),
                        base::human_size(summary.push.bytes)),
            stop);
    issue_planned_certificate(plan, site.bundle.spec());
    const auto code = transaction.install(site.bundle, plan, request, summary.push);
    if (code == ExitCode::done) {
        const auto number = transaction.installed_generation();
        print_result(arguments, "installed", site, number,
                     fmt::format("installed {} as generation {}", site.name(), number));
    }
    return code;
}

}  // namespace airlock::installer
