// JSON from outside: bounded in size and depth, and read with errors that name the place.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::base {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxJsonDepth = 100;

// Errc::invalid, naming `what`, for anything that is not one JSON value of at most `max_depth`
// levels.
Json parse_json(std::string_view text, std::string_view what,
                std::size_t max_depth = kMaxJsonDepth);

// The member `key` of `object`, or nullptr when it is absent, null, or `object` is none.
const Json* find(const Json& object, std::string_view key);
// The member at a path of keys, as find({"status", "conditions"}).
const Json* find_path(const Json& object, std::initializer_list<std::string_view> path);
// The text at a path of keys; empty when it is absent or no text.
std::string text_at(const Json& object, std::initializer_list<std::string_view> path);

// Absent gives the default; another type is Errc::invalid, naming `what` and the key.
std::string get_string(const Json& object, std::string_view key, std::string_view what,
                       std::string fallback = {});
// Absent, empty or another type is Errc::invalid.
std::string require_string(const Json& object, std::string_view key, std::string_view what);
std::uint64_t require_size(const Json& object, std::string_view key, std::string_view what);
const Json& require_array(const Json& object, std::string_view key, std::string_view what);
const Json& require_object(const Json& object, std::string_view key, std::string_view what);

// For messages and files that people read; invalid UTF-8 is replaced, never thrown over.
std::string dump_json(const Json& json, int indent = -1);

}  // namespace airlock::base
