#include "tests/webhook/json_patch_oracle.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <string>

namespace airlock::webhook::test {

using base::Errc;
using base::Error;

namespace {

std::string unescape(std::string_view part, std::string_view path) {
    std::string key;
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] != '~') {
            key += part[i];
            continue;
        }
        const char next = ++i < part.size() ? part[i] : '\0';
        if (next != '0' && next != '1')
            throw Error(Errc::invalid, "JSON patch: \"{}\" is not a valid JSON pointer", path);
        key += next == '0' ? '~' : '/';
    }
    return key;
}

// The index that `key` names in `array`, at most its size, which only the last part may name.
std::size_t index_of(const std::string& key, const base::Json& array, bool last,
                     std::string_view path) {
    const bool digits =
        !key.empty() && key.size() <= 9 && (key == "0" || key.front() != '0') &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (last && key == "-") return array.size();
    const std::size_t index = digits ? std::stoul(key) : array.size() + 1;
    if (index > array.size() || (!last && index == array.size())) {
        throw Error(Errc::invalid, "JSON patch: \"{}\" is outside its array", path);
    }
    return index;
}

void apply_add(base::Json& document, std::string_view path, const base::Json& value) {
    if (path.empty() || path.front() != '/') {
        throw Error(Errc::invalid, "JSON patch: \"{}\" would replace the whole document", path);
    }
    base::Json* at = &document;
    std::string_view rest = path.substr(1);
    for (;;) {
        const auto slash = rest.find('/');
        const bool last = slash == rest.npos;
        const auto key = unescape(rest.substr(0, slash), path);
        if (at->is_object()) {
            if (last) {
                (*at)[key] = value;
                return;
            }
            const auto member = at->find(key);
            if (member == at->end()) {
                throw Error(Errc::invalid, "JSON patch: the parent of \"{}\" does not exist", path);
            }
            at = &*member;
        } else if (at->is_array()) {
            const auto index = index_of(key, *at, last, path);
            if (last) {
                at->insert(at->begin() + static_cast<std::ptrdiff_t>(index), value);
                return;
            }
            at = &(*at)[index];
        } else {
            throw Error(Errc::invalid,
                        "JSON patch: the parent of \"{}\" is neither object nor array", path);
        }
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace

void apply_json_patch(base::Json& document, std::string_view patch) {
    const auto operations = base::parse_json(patch, "JSON patch", 16);
    if (!operations.is_array()) throw Error(Errc::invalid, "JSON patch: it must be an array");
    for (const auto& operation : operations) {
        const auto* path = base::find(operation, "path");
        if (base::get_string(operation, "op", "JSON patch") != "add") {
            throw Error(Errc::invalid, "JSON patch: an operation other than \"add\"");
        }
        if (path == nullptr || !path->is_string() || !operation.contains("value")) {
            throw Error(Errc::invalid, "JSON patch: an operation without path or value");
        }
        apply_add(document, path->get_ref<const std::string&>(), operation.at("value"));
    }
}

}  // namespace airlock::webhook::test
