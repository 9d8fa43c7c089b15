// Why a workload is not ready, in the words of those who know: its pods' waiting, terminated and
// scheduling messages, the last lines of their logs, and their warning events. Of the newest
// revision alone: what an upgrade leaves behind is not the reason.
#pragma once

#include "kubernetes/client.hpp"

#include <string>
#include <vector>

namespace airlock::kubernetes {

// A line each, at most 20; "(… could not be asked: …)" where we may not look. Never throws an
// Error.
std::vector<std::string> diagnose(Client& client, const Json& live);

}  // namespace airlock::kubernetes
