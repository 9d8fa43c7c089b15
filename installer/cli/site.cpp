#include "installer/cli/site.hpp"

#include "base/log.hpp"
#include "installer/plan/preflight.hpp"

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

PlanRequest request_of(const Arguments& arguments, const Site& site) {
    const auto& place = site.registry.place();
    return {.registry = place.host,
            .prefix = place.prefix,
            .plain_http = place.plain_http,
            .components = arguments.components,
            .values = site.values,
            .pull_credentials = site.registry.credentials()};
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
