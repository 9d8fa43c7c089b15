// The output of `inspect` and `verify` in both programs, as text and as JSON.
#pragma once

#include "base/json.hpp"
#include "manifests/bundle/reader.hpp"

#include <string>

namespace airlock::manifests {

base::Json describe_bundle(const Bundle& bundle);
std::string describe_bundle_text(const Bundle& bundle);
// After verify_all().
base::Json describe_verified(const Bundle& bundle, bool with_signature);
std::string describe_verified_text(const Bundle& bundle, bool with_signature);

}  // namespace airlock::manifests
