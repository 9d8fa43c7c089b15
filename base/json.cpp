#include "base/json.hpp"

#include "base/error.hpp"

namespace airlock::base {
namespace {

constexpr std::size_t kMaxReason = 300;

}  // namespace

Json parse_json(std::string_view text, std::string_view what, std::size_t max_depth) {
    std::size_t depth = 0;
    const auto bounded = [&](int, Json::parse_event_t event, Json&) {
        using Event = Json::parse_event_t;
        if (event == Event::object_start || event == Event::array_start) {
            if (++depth > max_depth)
                throw Error(Errc::invalid, "{} is nested deeper than {} levels", what, max_depth);
        } else if (event == Event::object_end || event == Event::array_end) {
            --depth;
        }
        return true;
    };
    try {
        return Json::parse(text, bounded);
    } catch (const Json::exception& problem) {
        std::string_view reason = problem.what();
        // Skip the prefix "[json.exception.parse_error.101] ".
        if (const auto end = reason.find("] "); end != std::string_view::npos)
            reason.remove_prefix(end + 2);
        // It quotes the last token, which may be as long as the text.
        throw Error(Errc::invalid, "{} is not valid JSON: {}", what, reason.substr(0, kMaxReason));
    }
}

const Json* find(const Json& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto at = object.find(key);
    return at == object.end() || at->is_null() ? nullptr : &*at;
}

const Json* find_path(const Json& object, std::initializer_list<std::string_view> path) {
    const Json* at = &object;
    for (const auto key : path) {
        at = find(*at, key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

namespace {

[[noreturn]] void wrong(std::string_view what, std::string_view key, std::string_view expected) {
    throw Error(Errc::invalid, "{}: \"{}\" must be {}", what, key, expected);
}

}  // namespace

std::string text_at(const Json& object, std::initializer_list<std::string_view> path) {
    const auto* value = find_path(object, path);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string get_string(const Json& object, std::string_view key, std::string_view what,
                       std::string fallback) {
    const auto* value = find(object, key);
    if (value == nullptr) return fallback;
    if (!value->is_string()) wrong(what, key, "a string");
    return value->get<std::string>();
}

std::string require_string(const Json& object, std::string_view key, std::string_view what) {
    auto value = get_string(object, key, what);
    if (value.empty()) wrong(what, key, "a non-empty string");
    return value;
}

std::uint64_t require_size(const Json& object, std::string_view key, std::string_view what) {
    const auto* value = find(object, key);
    if (value == nullptr || !value->is_number_unsigned())
        wrong(what, key, "a non-negative integer");
    return value->get<std::uint64_t>();
}

const Json& require_array(const Json& object, std::string_view key, std::string_view what) {
    const auto* value = find(object, key);
    if (value == nullptr || !value->is_array()) wrong(what, key, "a list");
    return *value;
}

const Json& require_object(const Json& object, std::string_view key, std::string_view what) {
    const auto* value = find(object, key);
    if (value == nullptr || !value->is_object()) wrong(what, key, "an object");
    return *value;
}

std::string dump_json(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace airlock::base
