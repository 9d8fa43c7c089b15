// The generations that are kept in the cluster: Secrets in kube-system, in chunks, like Helm's
// releases, so that any admin host can roll back.
#pragma once

#include "installer/record/generation.hpp"
#include "kubernetes/client.hpp"

#include <vector>

namespace airlock::installer {

// Oldest first. Errc::integrity when a chunk is missing or changed; a newest one whose saving or
// removal was cut off is left out, with a warning.
std::vector<Generation> load_generations(kubernetes::Client& client);
void save_generation(kubernetes::Client& client, const Generation& generation);
void remove_generation(kubernetes::Client& client, int number);

}  // namespace airlock::installer
