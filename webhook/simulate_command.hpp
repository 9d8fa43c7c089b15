// The command "simulate": shows what the webhook would change and why, without a cluster. Reads the
// output of `kubectl get nodes -o json` (a list, or one Node) or a saved AdmissionReview; writes
// one line per resource, or JSON. With pods, also those that would not fit into the new allocatable.
#pragma once

#include "base/command_line.hpp"

#include <iosfwd>
#include <string>

namespace airlock::webhook {

struct SimulateOptions {
    std::string policy;
    std::string pods;  // file with the output of `kubectl get pods -A -o json`; empty for none
    base::Format format = base::Format::text;
};

// unhealthy when there are pods that would not fit. Errc::usage for a policy, and Errc::invalid for
// an input, that cannot be used.
base::ExitCode simulate(const SimulateOptions& options, std::istream& in, std::ostream& out);

}  // namespace airlock::webhook
