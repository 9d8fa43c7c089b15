#include "kubernetes/quantity.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace airlock::kubernetes {
namespace {

using base::is_digit;

constexpr std::size_t kMaxText = 64;
constexpr std::size_t kMaxDigits = 30;  // 1e30 in nano still fits 128 bits
constexpr Int128 kMaxBinaryUnits = std::numeric_limits<std::int64_t>::max();

constexpr Int128 power_of_ten(int exponent) {
    Int128 result = 1;
    for (int i = 0; i < exponent; ++i)
        result *= 10;
    return result;
}

constexpr Int128 kMaxNano = power_of_ten(37);  // 1e28 units

struct Suffix {
    std::string_view text;
    Quantity::Format format;
    int exponent;  // of ten, or of two
};

constexpr std::array kSuffixes{
    Suffix{"n", Quantity::Format::decimal_si, -9}, Suffix{"u", Quantity::Format::decimal_si, -6},
    Suffix{"m", Quantity::Format::decimal_si, -3}, Suffix{"", Quantity::Format::decimal_si, 0},
    Suffix{"k", Quantity::Format::decimal_si, 3},  Suffix{"M", Quantity::Format::decimal_si, 6},
    Suffix{"G", Quantity::Format::decimal_si, 9},  Suffix{"T", Quantity::Format::decimal_si, 12},
    Suffix{"P", Quantity::Format::decimal_si, 15}, Suffix{"E", Quantity::Format::decimal_si, 18},
    Suffix{"Ki", Quantity::Format::binary_si, 10}, Suffix{"Mi", Quantity::Format::binary_si, 20},
    Suffix{"Gi", Quantity::Format::binary_si, 30}, Suffix{"Ti", Quantity::Format::binary_si, 40},
    Suffix{"Pi", Quantity::Format::binary_si, 50}, Suffix{"Ei", Quantity::Format::binary_si, 60},
};

std::optional<Suffix> parse_suffix(std::string_view text) {
    for (const auto& suffix : kSuffixes) {
        if (suffix.text == text) return suffix;
    }
    if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
    text.remove_prefix(1);
    const bool negative = text[0] == '-';
    if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
    // Three digits exceed every exponent that fits, and prevent an overflow here.
    if (text.empty() || text.size() > 3 || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    int exponent = 0;
    for (const char digit : text)
        exponent = exponent * 10 + (digit - '0');
    return Suffix{"", Quantity::Format::decimal_exponent, negative ? -exponent : exponent};
}

std::string to_text(Int128 value) {
    std::string digits;
    const bool negative = value < 0;
    if (negative) value = -value;
    do {
        digits += static_cast<char>('0' + static_cast<int>(value % 10));
        value /= 10;
    } while (value != 0);
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
    if (text.empty() || text.size() > kMaxText) return std::nullopt;
    const bool negative = text[0] == '-';
    if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);

    const auto count_digits = [&](std::size_t from) {
        std::size_t end = from;
        while (end < text.size() && is_digit(text[end]))
            ++end;
        return end - from;
    };
    const std::string_view whole = text.substr(0, count_digits(0));
    std::string_view fraction;
    std::size_t at = whole.size();
    if (at < text.size() && text[at] == '.') {
        fraction = text.substr(at + 1, count_digits(at + 1));
        at += 1 + fraction.size();
    }
    if (whole.empty() && fraction.empty()) return std::nullopt;
    const auto suffix = parse_suffix(text.substr(at));
    if (!suffix) return std::nullopt;

    while (!fraction.empty() && fraction.back() == '0')
        fraction.remove_suffix(1);
    Int128 mantissa = 0;
    std::size_t significant = 0;
    for (const auto part : {whole, fraction}) {
        for (const char digit : part) {
            if (mantissa != 0 || digit != '0') ++significant;
            if (significant > kMaxDigits) return std::nullopt;
            mantissa = mantissa * 10 + (digit - '0');
        }
    }
    if (mantissa == 0) return Quantity(0, suffix->format);

    Format format = suffix->format;
    int exponent = 9 - static_cast<int>(fraction.size());  // of ten: from the mantissa to nano
    if (format == Format::binary_si) {
        if (__builtin_mul_overflow(mantissa, Int128{1} << suffix->exponent, &mantissa)) {
            if (!fraction.empty()) return std::nullopt;
            mantissa = kMaxBinaryUnits;  // far above the cap in any case
        }
    } else {
        exponent += suffix->exponent;
    }
    if (exponent > 0) {
        if (exponent > 37 || __builtin_mul_overflow(mantissa, power_of_ten(exponent), &mantissa)) {
            if (format != Format::binary_si) return std::nullopt;
            mantissa = kMaxBinaryUnits * kNanoPerUnit;
        }
    } else if (exponent < 0) {
        if (exponent < -37) {
            mantissa = 1;
        } else {
            const Int128 divisor = power_of_ten(-exponent);
            mantissa = mantissa / divisor + (mantissa % divisor != 0 ? 1 : 0);
        }
    }
    if (format == Format::binary_si) {
        mantissa = std::min(mantissa, kMaxBinaryUnits * kNanoPerUnit);
        if (mantissa < kNanoPerUnit) format = Format::decimal_si;
    }
    if (mantissa > kMaxNano) return std::nullopt;
    return Quantity(negative ? -mantissa : mantissa, format);
}

Quantity Quantity::from_nano(Int128 nano, Format format) {
    return {nano, format};
}

bool Quantity::is_binary_multiple() const {
    constexpr Int128 kKibi = Int128{1024} * kNanoPerUnit;
    return format_ == Format::binary_si && nano_ != 0 && nano_ % kKibi == 0;
}

std::string Quantity::text() const {
    if (nano_ == 0) return "0";
    constexpr Int128 kKibi = Int128{1024} * kNanoPerUnit;
    const bool small = nano_ > -kKibi && nano_ < kKibi;
    if (format_ == Format::binary_si && !small && is_whole()) {
        Int128 value = nano_ / kNanoPerUnit;
        std::size_t steps = 0;
        for (; value % 1024 == 0; ++steps)
            value /= 1024;
        static constexpr std::array kBinary{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
        return to_text(value) + kBinary[std::min(steps, kBinary.size() - 1)];
    }
    Int128 value = nano_;
    int exponent = -9;
    while (exponent < 18 && value % 1000 == 0) {
        value /= 1000;
        exponent += 3;
    }
    if (format_ == Format::decimal_exponent) {
        return exponent == 0 ? to_text(value) : to_text(value) + 'e' + to_text(exponent);
    }
    static constexpr std::array kDecimal{"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
    const int index = exponent / 3 + 3;
    return to_text(value) + kDecimal.at(static_cast<std::size_t>(index));
}

}  // namespace airlock::kubernetes
