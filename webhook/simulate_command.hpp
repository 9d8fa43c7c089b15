// The command "simulate": shows what the webhook would change and why, without a cluster. Reads the
// output of `kubectl get nodes -o json` (a list, or one Node) or a saved AdmissionReview; writes
// one line per resource, or JSON.
#pragma once

#include "base/command_line.hpp"

#include <iosfwd>
#include <string>

namespace airlock::webhook {

struct SimulateOptions {
    std::string policy;
    base::Format format = base::Format::text;
};

// Errc::usage for a policy, and Errc::invalid for an input, that cannot be used.
base::ExitCode simulate(const SimulateOptions& options, std::istream& in, std::ostream& out);

}  // namespace airlock::webhook
