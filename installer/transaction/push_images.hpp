// Sends the bundle's images to the private registry, as a PushPlan says: each blob is sent once and
// mounted wherever else it belongs, then manifests, and tags last. Blobs that are there are not
// even read.
#pragma once

#include "installer/plan/push_plan.hpp"

#include <stop_token>

namespace airlock::installer {

// Errc::refused when a byte of what is going to be sent is wrong.
void verify_blobs(const manifests::Bundle& bundle, const PushPlan& plan,
                  const std::stop_token& stop);

// Blobs and manifests; not the tags.
void push(images::RegistryClient& registry, const manifests::Bundle& bundle, const PushPlan& plan,
          std::size_t concurrency, const std::stop_token& stop);

void move_tag(images::RegistryClient& registry, const manifests::Bundle& bundle,
              const TagMove& move);

}  // namespace airlock::installer
