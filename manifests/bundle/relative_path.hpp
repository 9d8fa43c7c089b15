// Paths in bundle.yaml that must stay below a directory.
#pragma once

#include <string_view>

namespace airlock::manifests {

// Whether every component of the path is a name: not empty, and neither . nor ..
bool is_plain_relative_path(std::string_view path);

}  // namespace airlock::manifests
