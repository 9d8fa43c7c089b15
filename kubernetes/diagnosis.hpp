// Why a workload is not ready: waiting, terminated and scheduling messages of its pods, the last
// lines of their logs, and warning events. Only the newest revision is considered. Never fails
// because something cannot be read.
#pragma once

#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::kubernetes {

// At most 20 lines; "(cannot read …: …)" for what cannot be read. Never throws an Error.
std::vector<std::string> diagnose(Client& client, const Json& live);

}  // namespace airlock::kubernetes
