// Restores the snapshot of a generation, in the order that is safe: webhook configurations first,
// then nodes, then objects in the reverse order of applying, then tags. It is idempotent, so it can
// be run again at any point, and it never stops at the first failure.
#pragma once

#include "base/error.hpp"
#include "images/registry.hpp"
#include "installer/record/generation.hpp"
#include "installer/record/journal.hpp"
#include "installer/transaction/default_objects.hpp"
#include "kubernetes/client.hpp"

#include <filesystem>
#include <vector>

namespace airlock::installer {

// What was not restored, each with the command to finish manually.
struct UndoResult {
    std::vector<base::Problem> failed;  // may succeed when it is run again
    std::vector<base::Problem> left;    // on purpose: not the installer's to change
};

struct UndoOptions {
    std::vector<IgnoredObject> ignored = {};
    bool force = false;               // overwrite what others have changed since
    std::filesystem::path left = {};  // where the recorded content of objects that are left is kept
};

UndoResult undo(kubernetes::Client& client, images::RegistryClient& registry,
                const Generation& generation, Journal& journal, const UndoOptions& options,
                const std::stop_token& stop);

}  // namespace airlock::installer
