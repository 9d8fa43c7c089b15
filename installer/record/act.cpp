#include "installer/record/act.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace airlock::installer {
namespace {

constexpr std::array<std::pair<Act, std::string_view>, 12> kNames{{
    {Act::install, "install"},
    {Act::move_tag, "move tag"},
    {Act::apply, "apply"},
    {Act::created, "created"},
    {Act::applied, "applied"},
    {Act::inject, "inject"},
    {Act::commit, "commit"},
    {Act::undo, "undo"},
    {Act::restore, "restore"},
    {Act::remove, "delete"},
    {Act::move_tag_back, "move tag back"},
    {Act::remove_tag, "remove tag"},
}};

}  // namespace

std::string_view to_string(Act act) {
    return std::ranges::find(kNames, act, &std::pair<Act, std::string_view>::first)->second;
}

std::optional<Act> parse_act(std::string_view text) {
    const auto* const at =
        std::ranges::find(kNames, text, &std::pair<Act, std::string_view>::second);
    return at == kNames.end() ? std::nullopt : std::optional(at->first);
}

}  // namespace airlock::installer
