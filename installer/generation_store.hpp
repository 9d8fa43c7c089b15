// The generations that are kept in the cluster: Secrets in kube-system, in chunks, like Helm's
// releases, so that any admin host can roll back.
#pragma once

#include "installer/generation.hpp"
#include "installer/kube_client.hpp"

#include <vector>

namespace airlock::installer {

// Oldest first. Errc::integrity when a chunk is missing or changed; a newest one whose saving or
// removal was cut off is left out, with a warning.
std::vector<Generation> load_generations(KubeClient& client);
void save_generation(KubeClient& client, const Generation& generation);
void remove_generation(KubeClient& client, int number);

}  // namespace airlock::installer
