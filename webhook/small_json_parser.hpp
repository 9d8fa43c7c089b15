// Parses a small JSON text that lies in memory of another owner (an annotation, a patch of ours).
// simdjson reads a few bytes past the end of its input, so the text is copied once into a buffer
// with room for that. Parser and buffer are reused: keep one per thread. A document is valid until
// the next parse().
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace airlock::webhook {

class SmallJsonParser {
  public:
    // Throws simdjson::simdjson_error, here or where the document is read.
    simdjson::ondemand::document parse(std::string_view text) {
        copy_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
        copy_.assign(text);
        return parser_.iterate(
            simdjson::padded_string_view(copy_.data(), copy_.size(), copy_.capacity()));
    }

    // Whether nothing follows the value. Ask after all of it was read: simdjson knows no current
    // location at the end of its input.
    static bool at_end(simdjson::ondemand::document& document) {
        return document.current_location().error() != simdjson::SUCCESS;
    }

  private:
    simdjson::ondemand::parser parser_;
    std::string copy_;
};

}  // namespace airlock::webhook
