// An oversell ratio as a decimal fraction ("1.33"), and its exact product with a quantity.
// Never floating point: 96 x 1.15 in doubles is one milli short, and not the same on every machine.
#pragma once

#include "webhook/quantity.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

class Ratio {
  public:
    static constexpr std::uint32_t kOne = 1'000'000;
    // A hundredfold oversell is a misplaced point, not a wish.
    static constexpr std::uint32_t kMax = 100 * kOne;

    constexpr Ratio() = default;

    // Digits, optionally a point and up to six more, from 1 to 100. Absent for anything else: a
    // ratio below 1 would take from a node what its pods already use.
    static std::optional<Ratio> parse(std::string_view text);
    static constexpr Ratio from_millionths(std::uint32_t millionths) {
        Ratio ratio;
        ratio.millionths_ = millionths;
        return ratio;
    }

    std::uint32_t millionths() const { return millionths_; }
    bool is_one() const { return millionths_ == kOne; }
    std::string text() const;  // "1.5"; without zeros at the end
    double approximate() const {
        return static_cast<double>(millionths_) / kOne;
    }  // for metrics alone

    auto operator<=>(const Ratio&) const = default;

  private:
    std::uint32_t millionths_ = kOne;
};

// `base` x `ratio`, rounded down to what `resource` is counted in: cpu in milli, all else in whole
// units, and in Ki when `base` came in Ki. Never below `base`. Absent when `base` is negative, is
// no whole number where Kubernetes demands one (everything but cpu), or the result passes 2^63-1
// units.
std::optional<Quantity> apply_ratio(std::string_view resource, const Quantity& base, Ratio ratio);

}  // namespace airlock::webhook
