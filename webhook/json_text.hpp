// A small JSON text that lies anywhere (an annotation, a patch of ours), opened for simdjson:
// copied once to where the parser's wide reads do no harm. Buffers are kept from text to text, so
// one of these serves a thread; a document dies with the next open().
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace airlock::webhook {

class JsonText {
  public:
    // Throws simdjson::simdjson_error, here or where the document is read.
    simdjson::ondemand::document open(std::string_view text) {
        copy_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
        copy_.assign(text);
        return parser_.iterate(
            simdjson::padded_string_view(copy_.data(), copy_.size(), copy_.capacity()));
    }

    // Once all of it was read: whether nothing follows the value. Only the end has no place.
    static bool at_end(simdjson::ondemand::document& document) {
        return document.current_location().error() != simdjson::SUCCESS;
    }

  private:
    simdjson::ondemand::parser parser_;
    std::string copy_;
};

}  // namespace airlock::webhook
