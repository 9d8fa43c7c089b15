// Whether a kit's service can run next to every API server. Reads the cluster, never changes it.
#pragma once

#include "kubernetes/client.hpp"
#include "manifests/bundle/placement.hpp"

#include <optional>
#include <string>
#include <vector>

namespace airlock::installer {

// Why a DaemonSet on the control-plane nodes would not run next to every API server; empty if it
// would. `endpoints` is default/kubernetes, null if there is none; `nodes` are the control-plane
// nodes.
//
//   addresses in endpoints                             | result
//   ---------------------------------------------------|--------------------------
//   none                                               | no API server is known
//   one is not an address of a node in `nodes`         | names it
//   one is that of a node with another system than Linux | names the node
//   each is that of a node in `nodes`                  | empty
std::string find_placement_problem(const base::Json& endpoints,
                                   const std::vector<base::Json>& nodes);

// `wanted`, or what it chooses if it is automatic: that of the installed version, or control_plane,
// unless there is a problem. Errc::unsupported, with the problem, if `wanted` is control_plane and
// there is one; or if another one is installed, because an upgrade does not remove its workloads.
manifests::Placement choose_placement(kubernetes::Client& client, manifests::Placement wanted,
                                      std::optional<manifests::Placement> installed);

}  // namespace airlock::installer
