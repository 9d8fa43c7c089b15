// What undoing an install does to one object, from what was recorded before, what the install made
// of it, and what it is now. Pure: safety depends on this table alone.
#pragma once

#include "base/json.hpp"
#include "installer/record/generation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::installer {

struct UndoInput {
    bool touched = true;                                // the install has announced a change of it
    std::optional<base::Json> recorded = std::nullopt;  // absent: it did not exist
    std::vector<ObjectWrite> ours = {};                 // what the install did; empty: not known
    std::optional<base::Json> live = std::nullopt;      // absent: it does not exist
    std::string created_uid = {};  // that the install gave it; empty: none or unknown
    bool force = false;            // overwrite what others have changed since
};

struct UndoDecision {
    enum class Action { skip, create, replace, remove, leave };
    Action action = Action::skip;
    base::Json content = {};  // to create or to replace it with, without what the server sets
    std::string reason = {};  // of leave
};

// The first row that applies:
//
//   touched | recorded | live                                | without force | with force
//   --------|----------|-------------------------------------|---------------|------------
//   no      | any      | any                                 | skip          | skip
//   yes     | absent   | absent                              | skip          | skip
//   yes     | absent   | not created by the install          | leave         | leave
//   yes     | absent   | created by it                       | remove        | remove
//   yes     | present  | absent: deleted since               | leave         | create
//   yes     | present  | another uid: created again since    | leave         | replace
//   yes     | present  | equal to recorded                   | skip          | skip
//   yes     | present  | ours is not known                   | replace       | replace
//   yes     | present  | no field that we changed is changed | replace       | replace
//           |          | again: our fields only              |               |
//   yes     | present  | one is changed again                | leave         | replace
UndoDecision decide_undo(const UndoInput& input);

// The object without status and what the server sets, as it can be sent again.
base::Json restorable(base::Json object);

}  // namespace airlock::installer
