// airlock-installer resync: makes the installed node webhook act on every node immediately. After
// an outage, a kubelet may have nothing new to report for 5 minutes (nodeStatusReportFrequency).
#pragma once

#include "installer/cli/arguments.hpp"

#include <stop_token>

namespace airlock::installer {

base::ExitCode resync_command(const Arguments& arguments, const std::stop_token& stop);

}  // namespace airlock::installer
