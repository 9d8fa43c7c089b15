// What `inspect` says of a bundle, in both programs: for people, and as JSON.
#pragma once

#include "base/json.hpp"
#include "manifests/bundle.hpp"

#include <string>

namespace airlock::manifests {

base::Json describe_bundle(const Bundle& bundle);
std::string describe_bundle_text(const Bundle& bundle);

}  // namespace airlock::manifests
