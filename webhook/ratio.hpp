// An oversell ratio as a decimal fraction ("1.33"), and its exact product with a quantity.
// Never floating point: 96 x 1.15 in doubles is one milli too small.
#pragma once

#include "webhook/quantity.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

// "0.1" as 100,000: digits, optionally followed by a point and up to six digits, up to 100. Absent
// for anything else.
std::optional<std::uint32_t> parse_millionths(std::string_view text);

class Ratio {
  public:
    static constexpr std::uint32_t kOne = 1'000'000;
    // More is most likely a misplaced decimal point.
    static constexpr std::uint32_t kMax = 100 * kOne;

    constexpr Ratio() = default;

    // From 1 to 100, with up to six decimal places; absent for anything else. A ratio below 1 would
    // take away what pods already use.
    static std::optional<Ratio> parse(std::string_view text);
    static constexpr Ratio from_millionths(std::uint32_t millionths) {
        Ratio ratio;
        ratio.millionths_ = millionths;
        return ratio;
    }

    std::uint32_t millionths() const { return millionths_; }
    bool is_one() const { return millionths_ == kOne; }
    std::string text() const;  // "1.5", without trailing zeros
    // For metrics only.
    double approximate() const { return static_cast<double>(millionths_) / kOne; }

    auto operator<=>(const Ratio&) const = default;

  private:
    std::uint32_t millionths_ = kOne;
};

// `base` x `ratio`, rounded down to the unit of `resource`: cpu to milli, everything else to whole
// units, and to Ki if `base` is a multiple of Ki. Never less than `base`. Absent if `base` is
// negative, is not a whole number where Kubernetes requires one (everything but cpu), or if the
// result is greater than 2^63-1 units.
std::optional<Quantity> apply_ratio(std::string_view resource, const Quantity& base, Ratio ratio);

// The smallest ratio with apply_ratio(resource, base, ratio) >= value; absent if it would be
// greater than 100, or if `base` is not positive.
std::optional<Ratio> ratio_covering(std::string_view resource, const Quantity& base,
                                    const Quantity& value);

}  // namespace airlock::webhook
