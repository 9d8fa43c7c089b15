// JSON Patch (RFC 6902), as far as an answer needs it: only "add", of a string or an empty object.
// Writes patches, and reads them back as strictly as the API server, so that a patch it would
// reject is detected before it is sent. Never builds a tree.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::webhook {

class JsonPatch {
  public:
    JsonPatch() { text_.reserve(512); }

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    std::string text() const { return text_.empty() ? "[]" : text_ + ']'; }

    // `path` is a JSON pointer; its parent must exist when the operation is applied.
    void add_string(std::string_view path, std::string_view value);
    void add_empty_object(std::string_view path);

  private:
    void begin(std::string_view path);

    std::string text_;
    std::size_t count_ = 0;
};

// One key as a part of a JSON pointer: "node-oversell/state" gives "node-oversell~1state".
std::string pointer_part(std::string_view key);

// The key that a part of a pointer names; absent for an invalid escape or more than one part.
std::optional<std::string> unescape_pointer_part(std::string_view part);

struct Addition {
    std::string_view path;
    std::string_view text;  // the value, when it is a string
    bool empty_object = false;
};

// Calls `take` for each operation of `patch` in order; views are valid during the call.
// Errc::invalid for anything but a list of "add" operations with those values (RFC 6902 sections 3
// and 4.1).
void read_json_patch(std::string_view patch, const std::function<void(const Addition&)>& take);

}  // namespace airlock::webhook
