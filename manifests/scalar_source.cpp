#include "manifests/scalar_source.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace airlock::manifests {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

bool is_blank(char c) {
    return kBlank.find(c) != std::string_view::npos;
}

// Skips the anchor and the tag, which precede a scalar in either order, possibly on separate lines.
std::size_t skip_properties(std::string_view text, std::size_t at) {
    while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
        at = std::min(text.find_first_of(" \t\r\n", at), text.size());
        for (;;) {
            at = std::min(text.find_first_not_of(kBlank, at), text.size());
            if (at == text.size() || text[at] != '#') break;
            at = std::min(text.find('\n', at), text.size());
        }
    }
    return at;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    const auto tail = [&](std::uint32_t shift) { put(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        tail(0);
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        tail(6);
        tail(0);
    } else {
        put(0xF0U | (code >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

struct Escape {
    std::size_t length = 0;  // in the text, with the backslash
    std::string value;       // what it stands for; empty for an escaped line break
};

// YAML 1.2, 5.7. Nothing when it is incomplete or unknown.
std::optional<Escape> read_escape(std::string_view text) {
    if (text.size() < 2) return std::nullopt;
    const char kind = text[1];
    if (kind == '\n') return Escape{.length = 2, .value = {}};
    if (kind == '\r' && text.substr(2).starts_with('\n')) return Escape{.length = 3, .value = {}};
    if (kind == 'x' || kind == 'u' || kind == 'U') {
        const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
        const auto hex = text.substr(2, digits);
        std::uint32_t code = 0;
        const auto [end, problem] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
        if (problem != std::errc() || hex.size() != digits || end != hex.data() + digits ||
            code > 0x10FFFF) {
            return std::nullopt;
        }
        Escape escape{.length = 2 + digits, .value = {}};
        append_utf8(escape.value, code);
        return escape;
    }
    using namespace std::string_view_literals;
    constexpr auto kKinds = R"(0abtnvfre "'/\)"sv;
    constexpr auto kValues = "\0\a\b\t\n\v\f\r\x1b \"'/\\"sv;
    if (const auto at = kKinds.find(kind); at != std::string_view::npos) {
        return Escape{.length = 2, .value = std::string(1, kValues[at])};
    }
    Escape escape{.length = 2, .value = {}};
    switch (kind) {
        case '\t':
            escape.value = "\t";
            break;
        case 'N':
            append_utf8(escape.value, 0x85);
            break;
        case '_':
            append_utf8(escape.value, 0xA0);
            break;
        case 'L':
            append_utf8(escape.value, 0x2028);
            break;
        case 'P':
            append_utf8(escape.value, 0x2029);
            break;
        default:
            return std::nullopt;
    }
    return escape;
}

}  // namespace

// Folding and stripping change only white space, so the words of the value are in the text in the
// same order; only escapes differ. White space is skipped on both sides, everything else must
// match.
std::optional<std::vector<std::size_t>> scalar_source(std::string_view text,
                                                      const base::YamlNode& node) {
    auto at = skip_properties(text, node.offset);
    if (at >= text.size()) return std::nullopt;
    const char style = text[at];
    if (style == '"' || style == '\'') {
        ++at;
    } else if (style == '|' || style == '>') {
        at = std::min(text.find('\n', at), text.size());
    }
    const std::string_view value = node.value;
    std::vector<std::size_t> source(value.size(), kNoSource);
    for (std::size_t i = 0; i < value.size();) {
        if (is_blank(value[i])) {
            ++i;
            continue;
        }
        if (at >= text.size()) return std::nullopt;
        if (is_blank(text[at])) {
            ++at;
        } else if (style == '"' && text[at] == '\\') {
            const auto escape = read_escape(text.substr(at));
            if (!escape) return std::nullopt;
            at += escape->length;
            if (escape->value.empty() || is_blank(escape->value.front())) continue;
            // yaml-cpp 0.7 decodes \N and \_ to their last byte only.
            const auto rest = value.substr(i);
            if (rest.starts_with(escape->value)) {
                i += escape->value.size();
            } else if (rest.front() == escape->value.back()) {
                ++i;
            } else {
                return std::nullopt;
            }
        } else {
            if (text[at] != value[i]) return std::nullopt;
            source[i++] = at++;
            if (style == '\'' && value[i - 1] == '\'') {
                if (at >= text.size() || text[at] != '\'') return std::nullopt;
                ++at;
            }
        }
    }
    return source;
}

}  // namespace airlock::manifests
