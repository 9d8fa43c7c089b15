#include "tests/webhook/decimal_oracle.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace airlock::webhook::oracle {
namespace {

// A whole number as decimal digits without leading zeros; zero is empty.
using Digits = std::string;

Digits trimmed(Digits digits) {
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

Digits times(const Digits& a, const Digits& b) {
    std::vector<int> cells(a.size() + b.size() + 1, 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) {
            cells[i + j] += (a[a.size() - 1 - i] - '0') * (b[b.size() - 1 - j] - '0');
        }
    }
    Digits out;
    int carry = 0;
    for (const int cell : cells) {
        carry += cell;
        out += static_cast<char>('0' + carry % 10);
        carry /= 10;
    }
    std::reverse(out.begin(), out.end());
    return trimmed(out);
}

struct Division {
    Digits quotient;
    long long rest = 0;
};

Division divide(const Digits& number, long long divisor) {
    Division result;
    for (const char digit : number) {
        result.rest = result.rest * 10 + (digit - '0');
        result.quotient += static_cast<char>('0' + result.rest / divisor);
        result.rest %= divisor;
    }
    result.quotient = trimmed(result.quotient);
    return result;
}

bool less(const Digits& a, const Digits& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

enum class Kind { decimal, exponent, binary };

struct Number {
    Digits nano;
    Kind kind = Kind::decimal;
};

Number read(const std::string& text) {
    const auto end = text.find_first_not_of("0123456789.");
    const auto number = text.substr(0, end);
    const auto suffix = end == std::string::npos ? std::string() : text.substr(end);
    const auto point = number.find('.');
    const auto fraction = point == std::string::npos ? std::string() : number.substr(point + 1);
    Digits digits = trimmed(number.substr(0, point) + fraction);
    int tens = 9 - static_cast<int>(fraction.size());
    Kind kind = Kind::decimal;
    static const std::map<std::string, int> kTens{{"n", -9}, {"u", -6}, {"m", -3}, {"", 0},
                                                  {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12},
                                                  {"P", 15}, {"E", 18}};
    static const std::map<std::string, int> kKibis{{"Ki", 1}, {"Mi", 2}, {"Gi", 3},
                                                   {"Ti", 4}, {"Pi", 5}, {"Ei", 6}};
    if (const auto power = kTens.find(suffix); power != kTens.end()) {
        tens += power->second;
    } else if (const auto kibis = kKibis.find(suffix); kibis != kKibis.end()) {
        kind = Kind::binary;
        for (int i = 0; i < kibis->second; ++i)
            digits = times(digits, "1024");
    } else {
        kind = Kind::exponent;
        tens += std::stoi(suffix.substr(1));
    }
    bool lost = false;
    for (; tens < 0 && !digits.empty(); ++tens) {
        lost = lost || digits.back() != '0';
        digits.pop_back();
    }
    digits = digits.empty()
                 ? digits
                 : digits + std::string(static_cast<std::size_t>(std::max(tens, 0)), '0');
    if (lost) {  // Kubernetes rounds up to the next nano
        auto at = digits.find_last_not_of('9');
        if (at == std::string::npos) {
            digits = '1' + std::string(digits.size(), '0');
        } else {
            ++digits[at];
            std::fill(digits.begin() + static_cast<std::ptrdiff_t>(at) + 1, digits.end(), '0');
        }
    }
    const Digits cap = "9223372036854775807000000000";
    if (kind == Kind::binary && less(cap, digits)) digits = cap;
    if (kind == Kind::binary && less(digits, "1000000000")) kind = Kind::decimal;
    return {digits, kind};
}

std::string write(Number number) {
    if (number.nano.empty()) return "0";
    const auto zeros = number.nano.size() - 1 - number.nano.find_last_not_of('0');
    if (number.kind == Kind::binary && zeros >= 9 && !less(number.nano, "1024000000000")) {
        Digits whole = number.nano.substr(0, number.nano.size() - 9);
        static const char* const kNames[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
        std::size_t steps = 0;
        for (auto part = divide(whole, 1024); part.rest == 0; part = divide(whole, 1024)) {
            whole = part.quotient;
            ++steps;
        }
        return whole + kNames[steps];
    }
    const auto steps = std::min<std::size_t>(zeros / 3, 9);
    const auto mantissa = number.nano.substr(0, number.nano.size() - 3 * steps);
    if (number.kind == Kind::exponent) {
        const int exponent = static_cast<int>(3 * steps) - 9;
        return exponent == 0 ? mantissa : mantissa + 'e' + std::to_string(exponent);
    }
    static const char* const kNames[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
    return mantissa + kNames[steps];
}

}  // namespace

std::string canonical(const std::string& text) {
    return write(read(text));
}

std::optional<std::string> product(const std::string& resource, const std::string& base,
                                   const std::string& ratio) {
    const auto number = read(base);
    const bool whole =
        number.nano.empty() || (number.nano.size() > 9 && number.nano.ends_with("000000000"));
    if (resource != "cpu" && !whole) return std::nullopt;
    const auto point = ratio.find('.');
    auto fraction = point == std::string::npos ? std::string() : ratio.substr(point + 1);
    fraction.resize(6, '0');
    auto digits = times(number.nano, trimmed(ratio.substr(0, point) + fraction));
    digits = divide(digits, 1'000'000).quotient;
    long long step = resource == "cpu" ? 1'000'000 : 1'000'000'000;
    if (number.kind == Kind::binary && divide(number.nano, 1'024'000'000'000).rest == 0)
        step = 1'024'000'000'000;
    digits = times(divide(digits, step).quotient, std::to_string(step));
    if (less(digits, number.nano)) digits = number.nano;
    if (!less(digits, "9223372036854775807000000000")) return std::nullopt;
    return write({digits, number.kind});
}

}  // namespace airlock::webhook::oracle
