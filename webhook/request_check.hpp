// Refuses requests that the HTTP parser accepts although another server or proxy may read the same
// bytes as another request, or find another end of its body: request smuggling (RFC 9112, 11.2).
//
//     the first of these that applies                                  status
//     a version other than 1.0 and 1.1                                 505
//     an unknown method, or CONNECT, after which bytes are no HTTP     501
//     a target with bytes that are not visible ASCII                   400
//     Transfer-Encoding in HTTP/1.0, or beside Content-Length          400
//     a Transfer-Encoding other than one "chunked"                     501
#pragma once

#include "webhook/request_handler.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace airlock::webhook {

struct ReceivedHead {
    unsigned version = 11;
    std::string_view method = {};
    bool known_method = true;
    std::string_view target = {};
    std::size_t transfer_encodings = 0;       // the number of fields
    std::string_view transfer_encoding = {};  // the first
    bool has_content_length = false;
};

// The reply that refuses the request, or nothing to go on.
std::optional<Reply> check_head(const ReceivedHead& head);

// Whether a field continues on the next line (obs-fold), which some servers read as a new field.
bool has_folded_line(std::string_view header);

}  // namespace airlock::webhook
