// Reads a policy file. Strict: unknown and duplicate keys are errors, because a typo in
// "killSwitch" must not pass for "off".
#pragma once

#include "webhook/policy_spec.hpp"

#include <string_view>

namespace airlock::webhook {

// Errc::usage with every problem found and its FILE:LINE, so that an operator can fix them all in
// one edit. A file that is not valid YAML is reported at its first problem.
PolicySpec read_policy_yaml(std::string_view text, std::string_view file);

}  // namespace airlock::webhook
