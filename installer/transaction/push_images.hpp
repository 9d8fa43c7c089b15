// Pushes the bundle's images to the private registry according to a PushPlan: each blob is sent
// once and mounted in its other repositories, then manifests, and tags last. Blobs that the
// registry has are not read.
#pragma once

#include "installer/plan/push_plan.hpp"

#include <stop_token>

namespace airlock::installer {

// Errc::refused when a blob to push does not match its digest.
void verify_blobs(const manifests::Bundle& bundle, const PushPlan& plan,
                  const std::stop_token& stop);

// Blobs and manifests, not tags.
void push(images::RegistryClient& registry, const manifests::Bundle& bundle, const PushPlan& plan,
          std::size_t concurrency, const std::stop_token& stop);

void move_tag(images::RegistryClient& registry, const manifests::Bundle& bundle,
              const TagMove& move);

}  // namespace airlock::installer
