// Which nodes belong to a canary: a fixed share of all nodes, chosen by a hash of their names.
#pragma once

#include <cstdint>
#include <string_view>

namespace airlock::webhook {

// Whether `node` is among `percent` of all nodes. The hash is FNV-1a, so every replica and every
// version chooses the same nodes, and a larger canary includes the smaller one.
bool in_canary(std::string_view node, std::uint32_t percent);

}  // namespace airlock::webhook
