#include "images/reference.hpp"

#include "base/ascii.hpp"
#include "base/error.hpp"

#include <algorithm>

namespace airlock::images {
namespace {

using base::Errc;
using base::Error;
using base::is_alnum;
using base::is_lower_alnum;

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxTag = 128;

// path-component := alnum+ (separator alnum+)*, separator := "." | "_" | "__" | "-"+
bool valid_component(std::string_view text) {
    if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
    for (std::size_t i = 0; i < text.size();) {
        if (is_lower_alnum(text[i])) {
            ++i;
            continue;
        }
        const auto end = std::min(text.find_first_not_of(text[i], i), text.size());
        const auto run = end - i;
        const bool separator =
            text[i] == '-' || (text[i] == '.' && run == 1) || (text[i] == '_' && run <= 2);
        if (!separator || end >= text.size() || !is_lower_alnum(text[end])) return false;
        i = end;
    }
    return true;
}

bool valid_repository(std::string_view text) {
    for (;;) {
        const auto slash = text.find('/');
        if (!valid_component(text.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        text.remove_prefix(slash + 1);
    }
}

bool valid_tag(std::string_view text) {
    const auto word = [](char c) { return is_alnum(c) || c == '_'; };
    return !text.empty() && text.size() <= kMaxTag && word(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

bool valid_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// host[:port]; an IPv6 address is in brackets.
bool valid_registry(std::string_view text) {
    std::string_view host = text;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        const auto rest = text.substr(end + 1);
        const bool address =
            host.size() >= 2 &&
            host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
        return address && (rest.empty() || (rest.front() == ':' && valid_port(rest.substr(1))));
    }
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        if (!valid_port(text.substr(colon + 1))) return false;
    }
    for (;;) {
        const auto dot = host.find('.');
        const auto label = host.substr(0, dot);
        if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
        if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; }))
            return false;
        if (dot == std::string_view::npos) return true;
        host.remove_prefix(dot + 1);
    }
}

bool looks_like_host(std::string_view first) {
    return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
           std::ranges::any_of(first, [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct Parts {
    std::string registry;
    std::string repository;
    std::optional<std::string> tag;
    std::optional<base::Digest> digest;
};

// Fills `out`, or returns the reason why `text` is not a valid reference.
std::optional<std::string> split(std::string_view text, Parts& out) {
    if (const auto at = text.find('@'); at != std::string_view::npos) {
        try {
            out.digest = base::Digest::parse(text.substr(at + 1));
        } catch (const Error& error) {
            return error.message();
        }
        text = text.substr(0, at);
    }
    const auto slash = text.find('/');
    std::string_view path = text;
    if (slash != std::string_view::npos && looks_like_host(text.substr(0, slash))) {
        out.registry = text.substr(0, slash);
        path = text.substr(slash + 1);
        if (!valid_registry(out.registry)) return "the registry must be host or host:port";
    }
    if (const auto colon = path.rfind(':'); colon != std::string_view::npos) {
        out.tag = path.substr(colon + 1);
        path = path.substr(0, colon);
        if (!valid_tag(*out.tag))
            return "a tag may contain only a-z, A-Z, 0-9, _, . and -, and at most 128 characters";
    }
    if (path.empty()) return "the repository is missing";
    if (out.registry.empty() || out.registry == "index.docker.io") out.registry = "docker.io";
    out.repository = path;
    if (out.registry == "docker.io" && path.find('/') == std::string_view::npos)
        out.repository = "library/" + out.repository;
    if (!valid_repository(out.repository)) {
        return "a repository may contain only lowercase letters and digits, separated by ., _, __ or -";
    }
    if (out.registry.size() + out.repository.size() + 1 > kMaxName)
        return "the name is longer than 255 characters";
    if (!out.tag && !out.digest) out.tag = "latest";
    return std::nullopt;
}

}  // namespace

std::optional<Reference> Reference::try_parse(std::string_view text) {
    Parts parts;
    if (split(text, parts)) return std::nullopt;
    Reference made;
    made.registry_ = std::move(parts.registry);
    made.repository_ = std::move(parts.repository);
    made.tag_ = std::move(parts.tag);
    made.digest_ = std::move(parts.digest);
    return made;
}

Reference Reference::parse(std::string_view text) {
    if (auto made = try_parse(text)) return *std::move(made);
    Parts parts;
    const auto reason = split(text, parts);
    throw Error(Errc::invalid, "\"{}\" is not a valid image reference: {}", text.substr(0, 300),
                reason.value_or("unknown"));
}

std::string Reference::text() const {
    std::string out = name();
    if (tag_) out += ":" + *tag_;
    if (digest_) out += "@" + digest_->text();
    return out;
}

Reference Reference::with_digest(const base::Digest& digest) const {
    Reference made = *this;
    made.digest_ = digest;
    return made;
}

Reference Reference::at(std::string registry, std::string repository) const {
    Reference made = *this;
    made.registry_ = std::move(registry);
    made.repository_ = std::move(repository);
    return made;
}

}  // namespace airlock::images
