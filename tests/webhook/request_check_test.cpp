#include "webhook/request_check.hpp"

#include <gtest/gtest.h>

namespace airlock::webhook {
namespace {

struct Row {
    const char* name;
    ReceivedHead head;
    unsigned status;  // 0: accepted
};

class CheckHead : public ::testing::TestWithParam<Row> {};

TEST_P(CheckHead, Decides) {
    const auto reply = check_head(GetParam().head);
    EXPECT_EQ(reply ? reply->status : 0U, GetParam().status);
    EXPECT_EQ(reply.has_value(), GetParam().status != 0);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, CheckHead,
    ::testing::Values(
        Row{"plain", {.method = "POST", .target = "/mutate"}, 0},
        Row{"http_1_0", {.version = 10, .method = "GET", .target = "/"}, 0},
        Row{"length", {.method = "POST", .target = "/", .has_content_length = true}, 0},
        Row{"chunked",
            {.method = "POST",
             .target = "/",
             .transfer_encodings = 1,
             .transfer_encoding = "Chunked"},
            0},
        Row{"another_version", {.version = 20, .method = "GET", .target = "/"}, 505},
        Row{"unknown_method", {.method = "GETT", .known_method = false, .target = "/"}, 501},
        Row{"connect", {.method = "CONNECT", .target = "host:443"}, 501},
        Row{"utf8_in_the_target", {.method = "GET", .target = "/\xce\xb4"}, 400},
        Row{"control_character_in_the_target", {.method = "GET", .target = "/\x7f"}, 400},
        Row{"chunked_in_http_1_0",
            {.version = 10,
             .method = "POST",
             .target = "/",
             .transfer_encodings = 1,
             .transfer_encoding = "chunked"},
            400},
        Row{"chunked_and_length",
            {.method = "POST",
             .target = "/",
             .transfer_encodings = 1,
             .transfer_encoding = "chunked",
             .has_content_length = true},
            400},
        Row{"two_fields",
            {.method = "POST",
             .target = "/",
             .transfer_encodings = 2,
             .transfer_encoding = "chunked"},
            501},
        Row{"two_codings",
            {.method = "POST",
             .target = "/",
             .transfer_encodings = 1,
             .transfer_encoding = "gzip, chunked"},
            501},
        Row{"another_coding",
            {.method = "POST",
             .target = "/",
             .transfer_encodings = 1,
             .transfer_encoding = "chunkedchunked"},
            501},
        Row{"empty_coding",
            {.method = "POST", .target = "/", .transfer_encodings = 1, .transfer_encoding = ""},
            501}),
    [](const auto& row) { return row.param.name; });

TEST(HasFoldedLine, FindsALineThatBeginsWithWhitespace) {
    EXPECT_FALSE(has_folded_line("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n"));
    EXPECT_FALSE(has_folded_line(""));
    EXPECT_TRUE(has_folded_line("GET / HTTP/1.1\r\nA: 1\r\n B: 2\r\n\r\n"));
    EXPECT_TRUE(has_folded_line("A: 1\r\n\tB: 2\r\n"));
}

}  // namespace
}  // namespace airlock::webhook
