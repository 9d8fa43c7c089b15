#include "webhook/ratio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace airlock::webhook {

std::optional<Ratio> Ratio::parse(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == text.npos ? std::string_view() : text.substr(point + 1);
    const auto digits = [](std::string_view part) {
        return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
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
    if (millionths < kOne || millionths > kMax) return std::nullopt;
    return from_millionths(millionths);
}

std::string Ratio::text() const {
    auto text = fmt::format("{}.{:06}", millionths_ / kOne, millionths_ % kOne);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::optional<Quantity> apply_ratio(std::string_view resource, const Quantity& base, Ratio ratio) {
    const bool cpu = resource == "cpu";
    if (base.is_negative() || (!cpu && !base.is_whole())) return std::nullopt;
    Int128 product = 0;
    if (__builtin_mul_overflow(base.nano(), Int128{ratio.millionths()}, &product))
        return std::nullopt;
    product /= Ratio::kOne;
    Int128 step = cpu ? kNanoPerMilli : kNanoPerUnit;
    if (base.is_binary_multiple()) step = Int128{1024} * kNanoPerUnit;
    product = std::max(product - product % step, base.nano());
    if (product / kNanoPerUnit >= std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return Quantity::from_nano(product, base.format());
}

}  // namespace airlock::webhook
