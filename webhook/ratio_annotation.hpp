// The annotation node-oversell/ratio sets the ratios of one node: "cpu=1.5, memory=1.2".
#pragma once

#include "webhook/ratios.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

inline constexpr std::string_view kRatioAnnotation = "node-oversell/ratio";

// Absent when any part of `text` is not valid, with the reason in `problem`: a typo must not apply
// half of what was meant. The empty text sets nothing.
std::optional<Ratios> parse_ratio_annotation(std::string_view text, std::string& problem);

}  // namespace airlock::webhook
