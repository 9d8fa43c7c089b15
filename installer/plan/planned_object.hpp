// One object of an install plan, as it will be applied.
#pragma once

#include "kubernetes/field_managers.hpp"
#include "kubernetes/object_key.hpp"

#include <string>

namespace airlock::installer {

struct PlannedObject {
    kubernetes::ObjectKey key;
    std::string text;  // YAML or JSON; may hold a secret
    std::string field_manager{kubernetes::kFieldManager};
    bool acts_on_nodes = false;  // a webhook configuration with a rule for nodes/status
};

}  // namespace airlock::installer
