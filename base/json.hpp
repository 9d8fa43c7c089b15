// JSON from outside: bounded in depth, with errors that name the location.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::base {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxJsonDepth = 100;

// Errc::invalid, naming `what`, unless the text is one JSON value nested at most `max_depth` deep.
Json parse_json(std::string_view text, std::string_view what,
                std::size_t max_depth = kMaxJsonDepth);

// The member `key` of `object`; nullptr when it is absent or null, or `object` is not an object.
const Json* find(const Json& object, std::string_view key);
// The member at a path of keys, such as find_path(json, {"status", "conditions"}).
const Json* find_path(const Json& object, std::initializer_list<std::string_view> path);
// The string at a path of keys; empty when it is absent or not a string.
std::string text_at(const Json& object, std::initializer_list<std::string_view> path);

// The fallback when absent; Errc::invalid, naming `what` and the key, for another type.
std::string get_string(const Json& object, std::string_view key, std::string_view what,
                       std::string fallback = {});
// Errc::invalid when absent, empty or of another type.
std::string require_string(const Json& object, std::string_view key, std::string_view what);
std::uint64_t require_size(const Json& object, std::string_view key, std::string_view what);
const Json& require_array(const Json& object, std::string_view key, std::string_view what);
const Json& require_object(const Json& object, std::string_view key, std::string_view what);

// Invalid UTF-8 is replaced instead of throwing.
std::string dump_json(const Json& json, int indent = -1);

}  // namespace airlock::base
