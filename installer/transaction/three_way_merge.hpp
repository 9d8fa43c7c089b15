// Takes back our change of a value and keeps what others have changed since. Pure.
#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace airlock::installer {

struct ThreeWayMerge {
    base::Json merged;
    // Fields that we changed and that others have changed again since, as "spec.replicas": they
    // have their recorded value in `merged`.
    std::vector<std::string> conflicts;
};

// `recorded` is the object before our change, `ours` after it, `live` now. For each field:
//
//   ours against recorded | live                          | merged
//   ----------------------|-------------------------------|----------------------------
//   equal                 | any                           | live: others may change it
//   other                 | equal to ours                 | recorded
//   other                 | equal to recorded             | recorded
//   other                 | neither                       | recorded, and a conflict
//
// Objects are merged field by field, and lists of objects with unique names (containers, webhooks)
// entry by entry; all other lists are single values. An absent field is a value of its own.
ThreeWayMerge merge_three_way(const base::Json& recorded, const base::Json& ours,
                              const base::Json& live);

}  // namespace airlock::installer
