// airlock-installer resync: lets an installed node webhook act on every node at once, as after an outage, when a
// kubelet has nothing new to report for up to five minutes (nodeStatusReportFrequency).
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode resync_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
