// What --locked insists on: the build resolved to exactly what the lock says.
#pragma once

#include "manifests/bundle/lock.hpp"

namespace airlock::bundler {

// Errc::conflict, listing every image and file that differs with its old and its new digest.
// Afterwards `made` is `wanted` to the byte: where an image came from, a mirror perhaps, is what
// the first build noted.
void require_locked(const manifests::Lock& wanted, manifests::Lock& made);

}  // namespace airlock::bundler
