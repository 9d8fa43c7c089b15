// The policy: which nodes are oversold, in which resources and by how much. Loaded from the file
// that policy_spec.hpp and docs/policy.md describe. A Policy never changes after it was parsed, so
// threads share one.
#pragma once

#include "webhook/node_plan.hpp"
#include "webhook/policy_spec.hpp"
#include "webhook/text_pair.hpp"

#include <span>
#include <string>
#include <string_view>

namespace airlock::webhook {

inline constexpr std::string_view kDisableLabel = "node-oversell/disable";

class Policy {
  public:
    using Mode = PolicySpec::Mode;
    static constexpr std::size_t kMaxFile = 256 * 1024;  // bytes

    // Errc::usage with every problem found and its FILE:LINE.
    static Policy parse(std::string_view yaml, std::string_view file);

    // Decides by precedence: the disable label, the kill switch, the node's ratio annotation, the
    // first matching pool, the default. Outside the canary, and in observe mode, what is applied
    // already is held.
    NodePlan plan_for(std::string_view node, std::span<const TextPair> labels,
                      std::span<const TextPair> annotations) const;

    Mode mode() const { return spec_.mode; }
    bool suppress_heartbeats() const { return spec_.suppress_heartbeats; }
    // The first eight hex digits of the file's SHA-256: equal on replicas that read the same file.
    const std::string& generation() const { return generation_; }

  private:
    PolicySpec spec_;
    std::string generation_;
};

}  // namespace airlock::webhook
