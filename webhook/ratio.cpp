#include "webhook/ratio.hpp"

#include "base/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace airlock::webhook {

std::optional<std::uint32_t> parse_millionths(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    const auto digits = [](std::string_view part) {
        return std::ranges::all_of(part, base::is_digit);
    };
    if (whole.empty() || whole.size() > 3 || fraction.size() > 6 || !digits(whole) ||
        !digits(fraction) || (point != text.npos && fraction.empty())) {
        return std::nullopt;
    }
    std::uint32_t millionths = 0;
    for (const char character : whole)
        millionths = millionths * 10 + static_cast<std::uint32_t>(character - '0');
    for (std::size_t i = 0; i < 6; ++i) {
        millionths = millionths * 10 +
                     (i < fraction.size() ? static_cast<std::uint32_t>(fraction[i] - '0') : 0);
    }
    if (millionths > Ratio::kMax) return std::nullopt;
    return millionths;
}

std::optional<Ratio> Ratio::parse(std::string_view text) {
    const auto millionths = parse_millionths(text);
    return millionths && *millionths >= kOne ? std::optional(from_millionths(*millionths))
                                             : std::nullopt;
}

std::string Ratio::text() const {
    auto text = fmt::format("{}.{:06}", millionths_ / kOne, millionths_ % kOne);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

namespace {

// What a product is rounded to, in nano.
Int128 unit_of(std::string_view resource, const Quantity& base) {
    if (base.is_binary_multiple()) return Int128{1024} * kNanoPerUnit;
    return resource == "cpu" ? kNanoPerMilli : kNanoPerUnit;
}

}  // namespace

std::optional<Quantity> apply_ratio(std::string_view resource, const Quantity& base, Ratio ratio) {
    if (base.is_negative() || (resource != "cpu" && !base.is_whole())) return std::nullopt;
    Int128 product = 0;
    if (__builtin_mul_overflow(base.nano(), Int128{ratio.millionths()}, &product))
        return std::nullopt;
    product /= Ratio::kOne;
    product = std::max(product - product % unit_of(resource, base), base.nano());
    if (product / kNanoPerUnit >= std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return Quantity::from_nano(product, base.format());
}

std::optional<Ratio> ratio_covering(std::string_view resource, const Quantity& base,
                                    const Quantity& value) {
    if (value <= base) return Ratio();
    if (base.nano() <= 0) return std::nullopt;
    const auto round_up = [](Int128 number, Int128 unit) { return (number + unit - 1) / unit; };
    const auto unit = unit_of(resource, base);
    const auto wanted = round_up(value.nano(), unit) * unit;
    // Also keeps the product below from overflowing.
    if (wanted / base.nano() >= Ratio::kMax / Ratio::kOne) return std::nullopt;
    Int128 product = 0;
    if (__builtin_mul_overflow(wanted, Int128{Ratio::kOne}, &product)) return std::nullopt;
    return Ratio::from_millionths(static_cast<std::uint32_t>(round_up(product, base.nano())));
}

}  // namespace airlock::webhook
