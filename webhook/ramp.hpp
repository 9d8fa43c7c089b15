// How fast the ratios of a node may move: policy field "ramp".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace airlock::webhook {

struct RampRate {
    std::uint32_t step = 0;            // in millionths of a ratio; at least 1
    std::chrono::seconds interval{0};  // at least 1 s

    // "0.1 per 10m": a step of up to 100 with at most six decimal places, and an interval of whole
    // seconds (s), minutes (m) or hours (h) up to a day. Absent for anything else.
    static std::optional<RampRate> parse(std::string_view text);
};

struct Ramp {
    std::optional<RampRate> up;  // absent: at once
    std::optional<RampRate> down;
};

}  // namespace airlock::webhook
