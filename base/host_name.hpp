// The name of this host; in a container, usually that of the container.
#pragma once

#include <string>

namespace airlock::base {

std::string host_name();

}  // namespace airlock::base
