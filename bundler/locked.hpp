// Enforces --locked: the build must resolve to exactly the content of the lock.
#pragma once

#include "manifests/bundle/lock.hpp"

namespace airlock::bundler {

// Errc::conflict, listing every image and file that differs, with its old and new digest.
// Afterwards `made` equals `wanted`: the provenance, which may differ by mirror, is taken from the
// lock.
void require_locked(const manifests::Lock& wanted, manifests::Lock& made);

}  // namespace airlock::bundler
