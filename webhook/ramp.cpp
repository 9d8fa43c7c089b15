#include "webhook/ramp.hpp"

#include "webhook/ratio.hpp"

#include <charconv>

namespace airlock::webhook {
namespace {

std::optional<std::chrono::seconds> parse_interval(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    const auto unit = text.back();
    const int seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
    text.remove_suffix(1);
    std::uint32_t number = 0;
    const auto* last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), last, number);
    constexpr std::chrono::seconds kLongest = std::chrono::days(1);
    if (seconds == 0 || problem != std::errc() || end != last || number == 0 ||
        number > kLongest.count()) {
        return std::nullopt;
    }
    const std::chrono::seconds interval(std::int64_t{number} * seconds);
    return interval <= kLongest ? std::optional(interval) : std::nullopt;
}

}  // namespace

std::optional<RampRate> RampRate::parse(std::string_view text) {
    constexpr std::string_view kPer = " per ";
    const auto per = text.find(kPer);
    if (per == text.npos) return std::nullopt;
    const auto step = parse_millionths(text.substr(0, per));
    const auto interval = parse_interval(text.substr(per + kPer.size()));
    if (!step || *step == 0 || !interval) return std::nullopt;
    return RampRate{.step = *step, .interval = *interval};
}

}  // namespace airlock::webhook
