#include "manifests/values.hpp"

#include "base/ascii.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace airlock::manifests {
namespace {

using base::Errc;
using base::Error;
using base::is_alnum;
using base::is_letter;
using base::is_one_of;

constexpr std::size_t kMaxValue = 1024;

// Why `value` is not allowed in a manifest; empty when it is.
std::string_view fault_of(std::string_view value) {
    if (value.empty()) return "is empty";
    if (value.size() > kMaxValue) return "is longer than 1,024 bytes";
    if (!is_alnum(value.front()) && !is_one_of(value.front(), "_/")) {
        return "does not start with a letter, a digit, _ or /";
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char next = i + 1 < value.size() ? value[i + 1] : ' ';
        if (!is_alnum(value[i]) && !is_one_of(value[i], "._:/=+@- ")) {
            return "has a character other than letters, digits, space and . _ : / = + @ -";
        }
        if (value[i] == ' ' && next == ' ') return "ends with a space or has consecutive spaces";
        if (value[i] == ':' && next == ' ') return "has a colon at the end or before a space";
    }
    return {};
}

std::string names_of(const Values& values) {
    std::string names;
    for (const auto& [name, value] : values)
        names += (names.empty() ? "" : ", ") + name;
    return names.empty() ? "none" : names;
}

// The NAME of "${NAME}" at the start of `text`; empty when it is something else.
std::string_view name_at(std::string_view text) {
    if (!text.starts_with("${")) return {};
    text.remove_prefix(2);
    const auto end =
        text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (end == std::string_view::npos || text[end] != '}') return {};
    const auto name = text.substr(0, end);
    return is_value_name(name) ? name : std::string_view{};
}

}  // namespace

bool is_value_name(std::string_view name) {
    return !name.empty() && (is_letter(name.front()) || name.front() == '_') &&
           std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

void check_value(std::string_view name, std::string_view value) {
    const auto fault = fault_of(value);
    if (fault.empty()) return;
    // The value is not shown: it may be a password.
    Error error(Errc::usage, "the value {} {}", name, fault);
    throw error.set_hint(
        "values are inserted into manifests as text and must not change the YAML structure");
}

Values merge_values(const Values& declared, const Values& chosen) {
    Values merged = declared;
    for (const auto& [name, value] : chosen) {
        const auto at = merged.find(name);
        if (at == merged.end()) {
            Error error(Errc::usage, "the bundle declares no value \"{}\"", name);
            throw error.set_hint("declared values: " + names_of(declared));
        }
        check_value(name, value);
        at->second = value;
    }
    return merged;
}

std::string substitute_values(std::string_view text, std::string_view file, const Values& values) {
    std::string out;
    out.reserve(text.size());
    std::size_t line = 1;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '$') {
            if (const auto literal = name_at(text.substr(at + 1)); !literal.empty()) {
                out.append("${").append(literal).append("}");
                at += literal.size() + 4;
                continue;
            }
            if (const auto name = name_at(text.substr(at)); !name.empty()) {
                const auto value = values.find(std::string(name));
                if (value == values.end()) {
                    Error error(Errc::invalid, "{}:{}: ${{{}}} is not declared", file, line, name);
                    throw error.set_hint(fmt::format(
                        "declare it under values in bundle.yaml (declared: {}), or write $${{{}}} for the literal text",
                        names_of(values), name));
                }
                check_value(name, value->second);
                out += value->second;
                at += name.size() + 3;
                continue;
            }
        }
        if (text[at] == '\n') ++line;
        out += text[at++];
    }
    return out;
}

}  // namespace airlock::manifests
