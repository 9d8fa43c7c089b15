#include "installer/cli/install_command.hpp"

#include "base/counted.hpp"
#include "base/human_size.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "installer/cli/session.hpp"
#include "installer/plan/install_summary.hpp"
#include "installer/plan/preflight.hpp"
#include "installer/record/generation_store.hpp"

#include <fmt/ranges.h>

#include <iostream>

namespace airlock::installer {
namespace {

using base::ExitCode;

// What an install reaches.
struct Site {
    manifests::Values values;
    manifests::Bundle bundle;
    RegistrySession registry;
    std::unique_ptr<kubernetes::Client> cluster;

    std::string name() const { return bundle.lock().name + " " + bundle.lock().version; }
};

Site reach(const Arguments& arguments, const std::stop_token& stop) {
    auto values = parse_values(arguments.values);
    auto bundle = manifests::open_bundle(arguments.bundle);
    RegistrySession registry(arguments, parse_registry(arguments.registry), stop);
    registry.client().ping();
    auto cluster = connect(arguments, stop);
    base::log_info("cluster {}, registry {}", cluster->server_version(), registry.place().host);
    return {.values = std::move(values),
            .bundle = std::move(bundle),
            .registry = std::move(registry),
            .cluster = std::move(cluster)};
}

PlanRequest request_of(const Arguments& arguments, const Site& site) {
    const auto& place = site.registry.place();
    return {.registry = place.host,
            .prefix = place.prefix,
            .plain_http = place.plain_http,
            .components = arguments.components,
            .values = site.values,
            .pull_credentials = site.registry.credentials()};
}

// Errc::denied when a right is missing, and everything else that can be known before the lock.
InstallPlan plan_for(Site& site, const PlanRequest& request) {
    auto plan = make_install_plan(*site.cluster, site.bundle, request);
    preflight(*site.cluster, site.registry.client(), plan);
    return plan;
}

InstallSummary summary_of(const Arguments& arguments, Site& site, const InstallPlan& plan,
                          const std::stop_token& stop) {
    return summarize(*site.cluster, site.registry.client(), site.bundle, plan,
                     arguments.transaction.concurrency, stop);
}

base::Json to_json(const InstallSummary& summary) {
    auto tags = base::Json::array();
    for (const auto& tag : summary.push.tags) {
        tags.push_back({{"repository", tag.repository},
                        {"tag", tag.tag},
                        {"digest", tag.new_digest.text()},
                        {"before", tag.old_digest ? tag.old_digest->text() : std::string()}});
    }
    auto changes = base::Json::array();
    for (const auto& [object, fields] : summary.change)
        changes.push_back({{"object", object}, {"fields", fields}});
    return {{"create", summary.create},
            {"change", changes},
            {"tags", tags},
            {"blobs", summary.push.blobs.size()},
            {"bytes", summary.push.bytes}};
}

void print(const InstallSummary& summary) {
    for (const auto& name : summary.create)
        std::cout << "create " << name << "\n";
    for (const auto& [object, fields] : summary.change)
        std::cout << fmt::format("change {}: {}\n", object, fmt::join(fields, ", "));
    for (const auto& tag : summary.push.tags) {
        std::cout << fmt::format("tag    {}:{} {} -> {}\n", tag.repository, tag.tag,
                                 tag.old_digest ? tag.old_digest->short_hex() : "(absent)",
                                 tag.new_digest.short_hex());
    }
    std::cout << fmt::format("send   {}, {}\n", base::counted(summary.push.blobs.size(), "blob"),
                             base::human_size(summary.push.bytes));
}

void say(const Arguments& arguments, std::string_view result, const Site& site, int generation,
         std::string_view words) {
    if (arguments.json()) {
        std::cout << base::dump_json({{"result", result},
                                      {"bundle", site.bundle.lock().name},
                                      {"version", site.bundle.lock().version},
                                      {"generation", generation}},
                                     2)
                  << "\n";
    } else {
        std::cout << words << "\n";
    }
}

}  // namespace

ExitCode plan_command(const Arguments& arguments, const std::stop_token& stop) {
    auto site = reach(arguments, stop);
    const auto summary =
        summary_of(arguments, site, plan_for(site, request_of(arguments, site)), stop);
    if (arguments.json()) {
        std::cout << base::dump_json(to_json(summary), 2) << "\n";
    } else if (summary.nothing_to_do()) {
        std::cout << "nothing to change\n";
    } else {
        print(summary);
    }
    return ExitCode::done;
}

ExitCode install_command(const Arguments& arguments, const std::stop_token& stop) {
    auto site = reach(arguments, stop);
    const auto request = request_of(arguments, site);
    plan_for(site, request);
    Transaction transaction(*site.cluster, site.registry.client(), arguments.transaction, stop);
    transaction.enter();
    if (const auto code = transaction.finish_rollback(); code != ExitCode::done) return code;
    // Looked at again, alone: what others changed before would be missed.
    const auto generations = load_generations(*site.cluster);
    auto plan = make_install_plan(*site.cluster, site.bundle, request);
    const auto summary = summary_of(arguments, site, plan, stop);
    const bool same = !generations.empty() && generations.back().fingerprint == plan.fingerprint;
    if (same && !transaction.unfinished() && summary.nothing_to_do()) {
        const auto number = generations.back().number;
        say(arguments, "unchanged", site, number,
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
        say(arguments, "installed", site, number,
            fmt::format("installed {} as generation {}", site.name(), number));
    }
    return code;
}

}  // namespace airlock::installer
