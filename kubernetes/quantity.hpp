// Resource quantities ("3920m", "12134168Ki", "1e3") as exact integers. Follows ParseQuantity and
// CanonicalizeBytes of k8s.io/apimachinery pkg/api/resource. Unit: nano (1e-9) of the resource's
// own unit. Never uses floating point, and never guesses: a text that the API server might parse
// differently is rejected.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::kubernetes {

// A node's memory in nano-bytes times a ratio in millionths does not fit 64 bits.
__extension__ using Int128 = __int128;

inline constexpr std::int64_t kNanoPerUnit = 1'000'000'000;
inline constexpr std::int64_t kNanoPerMilli = 1'000'000;

class Quantity {
  public:
    enum class Format { decimal_si, decimal_exponent, binary_si };

    Quantity() = default;

    // Fractions below a nano are rounded away from zero and binary values are capped at 2^63-1, as
    // Kubernetes does. Absent for anything malformed, for more than 1e28 units, and for a text
    // without a digit, with more than 30 digits or longer than 64 characters.
    static std::optional<Quantity> parse(std::string_view text);
    static Quantity from_nano(Int128 nano, Format format);

    Int128 nano() const { return nano_; }
    Format format() const { return format_; }
    bool is_negative() const { return nano_ < 0; }
    bool is_whole() const { return nano_ % kNanoPerUnit == 0; }
    // Whether it has a binary suffix and is a multiple of 1Ki.
    bool is_binary_multiple() const;

    // The canonical form: no fraction, the largest suffix without loss of precision.
    std::string text() const;

    // By value: "1" equals "1000m".
    friend bool operator==(const Quantity& a, const Quantity& b) { return a.nano_ == b.nano_; }
    friend std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
        return a.nano_ < b.nano_   ? std::strong_ordering::less
               : a.nano_ > b.nano_ ? std::strong_ordering::greater
                                   : std::strong_ordering::equal;
    }

  private:
    Quantity(Int128 nano, Format format) : nano_(nano), format_(format) {}

    Int128 nano_ = 0;
    Format format_ = Format::decimal_si;
};

}  // namespace airlock::kubernetes
