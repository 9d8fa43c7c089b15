#include "installer/cli/site.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "installer/plan/preflight.hpp"
#include "installer/record/generation_store.hpp"

#include <algorithm>

namespace airlock::installer {

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

namespace {

// Of the newest generation that this bundle has installed; absent if there is none.
std::optional<manifests::Placement> installed_placement(Site& site) {
    if (!manifests::has_placements(site.bundle.spec())) return std::nullopt;
    try {
        const auto generations = load_generations(*site.cluster);
        const auto newest =
            std::find_if(generations.rbegin(), generations.rend(), [&](const Generation& each) {
                return each.bundle == site.bundle.lock().name && !each.placement.empty();
            });
        if (newest != generations.rend()) return manifests::parse_placement(newest->placement);
    } catch (const base::Error& error) {
        // The preflight lists all missing permissions.
        if (error.code() != base::Errc::denied) throw;
    }
    return std::nullopt;
}

}  // namespace

PlanRequest request_of(const Arguments& arguments, Site& site) {
    const auto& place = site.registry.place();
    return {.registry = place.host,
            .prefix = place.prefix,
            .plain_http = place.plain_http,
            .components = arguments.components,
            .values = site.values,
            .pull_credentials = site.registry.credentials(),
            .installed_placement = installed_placement(site)};
}

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

}  // namespace airlock::installer
