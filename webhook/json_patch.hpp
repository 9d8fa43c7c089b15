// JSON Patch (RFC 6902), the little of it that an answer may hold: "add" alone. Building one, and
// applying one as strictly as the API server does: an operation that would be refused there throws
// here, before the answer leaves.
#pragma once

#include "base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace airlock::webhook {

class JsonPatch {
  public:
    JsonPatch() { text_.reserve(512); }

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    std::string text() const { return text_.empty() ? "[]" : text_ + ']'; }

    // `path` is a JSON pointer; its parent must exist when the operation comes to be applied.
    void add_string(std::string_view path, std::string_view value);
    void add_empty_object(std::string_view path);

  private:
    void begin(std::string_view path);

    std::string text_;
    std::size_t count_ = 0;
};

// One key as a part of a JSON pointer: "node-oversell/state" gives "node-oversell~1state".
std::string pointer_part(std::string_view key);

// Applies `patch` to `document`. Errc::invalid, naming the operation, for anything but an "add"
// whose parent is an object or array that exists, and whose index is inside the array: RFC 6902
// section 4.1.
void apply_json_patch(base::Json& document, std::string_view patch);

}  // namespace airlock::webhook
