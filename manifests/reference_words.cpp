#include "manifests/reference_words.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace airlock::manifests {
namespace {

using base::is_alnum;
using base::is_digit;
using base::is_letter;
using base::is_one_of;
using images::Reference;

constexpr std::size_t kMaxReference = 600;  // name 255, tag 128, sha512 digest 136, and separators

bool is_word(char c) {
    return is_alnum(c) || is_one_of(c, "._:/@-");
}

bool is_ipv4(std::string_view host) {
    return std::ranges::count(host, '.') == 3 &&
           std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

// Stricter than Reference: a word with a dot in it may be a file name.
bool is_host(std::string_view text) {
    const auto colon = text.find(':');
    const auto host = text.substr(0, colon);
    if (host == "localhost" || is_ipv4(host)) return true;
    if (colon != std::string_view::npos) return std::ranges::any_of(host, is_letter);
    const auto dot = host.rfind('.');
    if (dot == std::string_view::npos) return false;
    const auto top = host.substr(dot + 1);
    return top.starts_with("xn--") || (top.size() >= 2 && std::ranges::all_of(top, is_letter));
}

// node-role.kubernetes.io/master:NoSchedule is a taint, networking.k8s.io/v1:Ingress a kind.
bool is_taint_or_kind(const Reference& reference) {
    if (!reference.tag() || reference.digest()) return false;
    const auto& tag = *reference.tag();
    if (tag == "NoSchedule" || tag == "NoExecute" || tag == "PreferNoSchedule") return true;
    const auto& path = reference.repository();
    return path.size() >= 2 && path[0] == 'v' && is_digit(path[1]) &&
           path.find('/') == std::string::npos && tag.front() >= 'A' && tag.front() <= 'Z';
}

// For JSON in a string, such as "\nquay.io/…": the number of characters after the backslash that
// belong to the escape; 0 for none.
std::size_t escape_length(std::string_view word) {
    if (is_one_of(word.front(), "nrtbf/")) return 1;
    const auto digits = word.substr(1, 4);
    const bool hex = digits.size() == 4 && std::ranges::all_of(digits, [](char c) {
                         return is_digit(c) || is_one_of(c, "abcdefABCDEF");
                     });
    return word.front() == 'u' && hex ? 5 : 0;
}

// Whether the text ends with `image:`, `image=` or `"image":`.
bool follows_image_key(std::string_view before) {
    const auto trim = [&](std::string_view set) {
        const auto last = before.find_last_not_of(set);
        before = before.substr(0, last == std::string_view::npos ? 0 : last + 1);
    };
    // Bounded, so that a long run of white space does not take quadratic time.
    if (before.size() > 64) before.remove_prefix(before.size() - 64);
    trim(" \t\"'\\");
    if (before.empty() || !is_one_of(before.back(), ":=")) return false;
    before.remove_suffix(1);
    trim(" \t\"'\\");
    constexpr std::string_view kKey = "image";
    if (!before.ends_with(kKey)) return false;
    before.remove_suffix(kKey.size());
    return before.empty() || !is_alnum(before.back());
}

class Scanner {
  public:
    Scanner(std::string_view text, const std::set<std::string>& known)
        : text_(text), known_(known) {}

    std::vector<ReferenceWord> run() {
        for (std::size_t at = 0; at < text_.size();) {
            if (!is_word(text_[at])) {
                ++at;
                continue;
            }
            const auto end = static_cast<std::size_t>(
                std::find_if_not(text_.begin() + static_cast<std::ptrdiff_t>(at), text_.end(),
                                 is_word) -
                text_.begin());
            word(at, end);
            at = end;
        }
        return std::move(found_);
    }

  private:
    void word(std::size_t begin, std::size_t end) {
        // Parts of templates, globs and encoded URLs are not references.
        if (begin > 0 && is_one_of(text_[begin - 1], "$})*%+~?")) return;
        if (end < text_.size() && is_one_of(text_[end], "$*%+~?{(")) return;
        if (begin > 0 && text_[begin - 1] == '\\') {
            const auto escape = escape_length(text_.substr(begin, end - begin));
            if (escape == 0) return;
            begin += escape;
        }
        bool only_known = false;
        const auto whole = text_.substr(begin, end - begin);
        if (const auto scheme = whole.find("://"); scheme != std::string_view::npos) {
            const auto name = whole.substr(0, scheme);
            if (name == "http" || name == "https") return;
            only_known = name != "docker" && name != "docker-pullable";
            begin += scheme + 3;
        }
        while (begin < end && is_one_of(text_[begin], "-:@"))
            ++begin;
        while (begin < end && is_one_of(text_[end - 1], ".:/@-_"))
            --end;
        // Try the whole word, then what follows each colon: image:quay.io/a/b:v1.
        while (begin < end) {
            if (end - begin <= kMaxReference && candidate(begin, end, only_known)) return;
            const auto colon = text_.substr(0, end).find(':', begin);
            if (colon == std::string_view::npos) return;
            begin = colon + 1;
        }
    }

    bool candidate(std::size_t begin, std::size_t end, bool only_known) {
        const auto word = text_.substr(begin, end - begin);
        const auto first_slash = word.find('/');
        const auto last_slash = word.rfind('/');
        const bool pinned = word.find('@') != std::string_view::npos ||
                            word.find(':', last_slash == std::string_view::npos ? 0 : last_slash) !=
                                std::string_view::npos;
        const bool hosted =
            first_slash != std::string_view::npos && is_host(word.substr(0, first_slash));
        if (!pinned && !hosted && !follows_image_key(text_.substr(0, begin))) return false;
        auto reference = Reference::try_parse(word);
        if (!reference) return false;
        const bool qualified = pinned && hosted && !only_known && !is_taint_or_kind(*reference);
        if (!qualified && !known_.contains(reference->text())) return false;
        found_.push_back(
            {.begin = begin, .length = end - begin, .reference = *std::move(reference)});
        return true;
    }

    std::string_view text_;
    const std::set<std::string>& known_;
    std::vector<ReferenceWord> found_;
};

}  // namespace

std::vector<ReferenceWord> find_reference_words(std::string_view text,
                                                const std::set<std::string>& known) {
    return Scanner(text, known).run();
}

}  // namespace airlock::manifests
