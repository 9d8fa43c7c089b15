// The command "simulate": what the webhook would do, and why, without a cluster. Reads the output
// of `kubectl get nodes -o json` (a list, or one Node) or a saved AdmissionReview; writes one line
// a resource, or JSON.
#pragma once

#include "base/program.hpp"

#include <iosfwd>
#include <string>

namespace CLI {
class App;
}

namespace airlock::webhook {

struct SimulateOptions {
    std::string policy;
    std::string output = "text";
};

CLI::App* add_simulate_command(CLI::App& app, SimulateOptions& options);

// Errc::usage for a policy, and Errc::invalid for an input, that cannot be used.
base::ExitCode simulate(const SimulateOptions& options, std::istream& in, std::ostream& out);

}  // namespace airlock::webhook
