// Keeps the generations in the cluster, so that any admin host can roll back: Secrets in
// kube-system, in chunks, like Helm's releases. Never touches Secrets of another type.
#pragma once

#include "installer/record/generation.hpp"
#include "kubernetes/client.hpp"

#include <vector>

namespace airlock::installer {

// Oldest first. Errc::integrity when a chunk is missing or changed. The newest is left out, with a
// warning, when saving or removing it was interrupted.
std::vector<Generation> load_generations(kubernetes::Client& client);
void save_generation(kubernetes::Client& client, const Generation& generation);
void remove_generation(kubernetes::Client& client, int number);

}  // namespace airlock::installer
