// The name of this host; in a pod, the pod's name.
#pragma once

#include <string>

namespace airlock::base {

std::string host_name();

}  // namespace airlock::base
