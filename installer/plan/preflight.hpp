// Checks that must pass before the first change. Changes nothing.
#pragma once

#include "images/registry.hpp"
#include "installer/plan/install_plan.hpp"
#include "kubernetes/client.hpp"

namespace airlock::installer {

// Errc::denied, with every missing permission that the plan, its snapshot and a rollback need.
// Warns when the registry does not delete tags, because a rollback could not remove them.
void preflight(kubernetes::Client& client, images::RegistryClient& registry,
               const InstallPlan& plan);

}  // namespace airlock::installer
