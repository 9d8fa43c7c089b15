// What plan and install share: opening the bundle, connecting to the registry and the cluster, and
// planning. Never changes the cluster or the registry.
#pragma once

#include "installer/cli/session.hpp"
#include "installer/plan/install_plan.hpp"
#include "installer/plan/install_summary.hpp"

#include <memory>
#include <stop_token>
#include <string>

namespace airlock::installer {

struct Site {
    manifests::Values values;
    manifests::Bundle bundle;
    RegistrySession registry;
    std::unique_ptr<kubernetes::Client> cluster;

    std::string name() const { return bundle.lock().name + " " + bundle.lock().version; }
};

// Fails unless the bundle is valid and both the registry and the cluster answer.
Site reach(const Arguments& arguments, const std::stop_token& stop);

PlanRequest request_of(const Arguments& arguments, Site& site);

// Errc::denied when a permission is missing; runs every check that needs no lock.
InstallPlan plan_for(Site& site, const PlanRequest& request);

InstallSummary summary_of(const Arguments& arguments, Site& site, const InstallPlan& plan,
                          const std::stop_token& stop);

}  // namespace airlock::installer
