#include "webhook/ratio_annotation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace airlock::webhook {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    const auto last = text.find_last_not_of(' ');
    return text.substr(begin, last == text.npos ? 0 : last + 1 - begin);
}

}  // namespace

std::optional<Ratios> parse_ratio_annotation(std::string_view text, std::string& problem) {
    constexpr std::size_t kMaxText = 1024;
    if (text.size() > kMaxText) {
        problem = fmt::format("longer than {} characters", kMaxText);
        return std::nullopt;
    }
    Ratios ratios;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto part = trimmed(text.substr(0, comma));
        text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
        const auto equals = part.find('=');
        const auto resource = trimmed(part.substr(0, equals));
        const auto ratio =
            equals == part.npos ? std::nullopt : Ratio::parse(trimmed(part.substr(equals + 1)));
        if (!ratio || resource.empty() || find_ratio(ratios, resource) != nullptr) {
            problem = fmt::format(
                "\"{}\" is not valid: use RESOURCE=RATIO with a ratio from 1 to 100, and each "
                "resource once",
                part);
            return std::nullopt;
        }
        ratios.push_back({std::string(resource), *ratio});
    }
    return ratios;
}

}  // namespace airlock::webhook
