// Which cluster a record belongs to. A journal or snapshot that were applied to another cluster
// would undo there what nobody has done, so each cluster has a state directory of its own.
#pragma once

#include "kubernetes/client.hpp"

#include <filesystem>
#include <string>

namespace airlock::installer {

// The uid of namespace kube-system, which identifies the cluster as long as it exists. Errc::remote
// when the server's answer cannot be one.
std::string cluster_uid(kubernetes::Client& client);

// The directory of the cluster `uid` below --state-dir.
std::filesystem::path cluster_state_dir(const std::filesystem::path& state_dir,
                                        const std::string& uid);

}  // namespace airlock::installer
