// A list of names for a message, of bounded length.
#pragma once

#include <string>
#include <vector>

namespace airlock::base {

// "a, b, c"; of more than 20 names the first 20 "and N more"; "none" for no names.
std::string shortlist(std::vector<std::string> names);

}  // namespace airlock::base
