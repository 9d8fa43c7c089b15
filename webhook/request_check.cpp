#include "webhook/request_check.hpp"

#include <algorithm>

namespace airlock::webhook {
namespace {

bool is_visible_ascii(char c) {
    return c > ' ' && c <= '~';
}

bool is_chunked(std::string_view coding) {
    return std::ranges::equal(coding, std::string_view("chunked"), [](char ours, char wanted) {
        return ours == wanted || (ours >= 'A' && ours <= 'Z' && ours - 'A' + 'a' == wanted);
    });
}

}  // namespace

std::optional<Reply> check_head(const ReceivedHead& head) {
    if (head.version != 11 && head.version != 10)
        return Reply{.status = 505, .body = "only HTTP/1.1 is supported\n"};
    if (!head.known_method || head.method == "CONNECT")
        return Reply{.status = 501, .body = "this method is not supported\n"};
    if (!std::ranges::all_of(head.target, is_visible_ascii))
        return Reply{.status = 400, .body = "the request target is not valid\n"};
    if (head.transfer_encodings == 0) return std::nullopt;
    if (head.version == 10)
        return Reply{.status = 400, .body = "Transfer-Encoding requires HTTP/1.1\n"};
    if (head.has_content_length)
        return Reply{.status = 400,
                     .body = "Transfer-Encoding and Content-Length exclude each other\n"};
    if (head.transfer_encodings > 1 || !is_chunked(head.transfer_encoding))
        return Reply{.status = 501, .body = "the only supported Transfer-Encoding is chunked\n"};
    return std::nullopt;
}

bool has_folded_line(std::string_view header) {
    for (auto end = header.find('\n'); end != header.npos; end = header.find('\n', end + 1)) {
        const auto next = header.substr(end + 1, 1);
        if (next == " " || next == "\t") return true;
    }
    return false;
}

}  // namespace airlock::webhook
