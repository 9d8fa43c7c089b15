// Puts everything back as a generation's snapshot says, in the order that is safe: webhook
// configurations first, then nodes, then objects in the reverse order of applying, then tags. It
// may be run again at any point: what is back already is left alone. It never stops at the first
// failure.
#pragma once

#include "base/error.hpp"
#include "images/registry.hpp"
#include "installer/record/generation.hpp"
#include "installer/record/journal.hpp"
#include "kubernetes/client.hpp"

#include <vector>

namespace airlock::installer {

// What is not as it was, each with the command to finish by hand.
struct UndoResult {
    std::vector<base::Problem> failed;  // may work when it is run again
    std::vector<base::Problem> left;    // on purpose: it will never be the installer's to remove
};

UndoResult undo(kubernetes::Client& client, images::RegistryClient& registry,
                const Generation& generation, Journal& journal, const std::stop_token& stop);

}  // namespace airlock::installer
