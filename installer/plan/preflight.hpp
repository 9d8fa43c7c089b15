// What must hold before anything is touched.
#pragma once

#include "images/registry.hpp"
#include "installer/plan/install_plan.hpp"
#include "kubernetes/client.hpp"

namespace airlock::installer {

// Errc::denied, listing every right that this user has not and that the plan, its snapshot and a
// rollback need. Warns when the registry does not delete tags: a rollback could not take them away.
void preflight(kubernetes::Client& client, images::RegistryClient& registry,
               const InstallPlan& plan);

}  // namespace airlock::installer
