#include "webhook/serve_command.hpp"

#include "base/error.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace airlock::webhook {
namespace {

using Listen = std::pair<std::string, std::uint16_t>;

TEST(ServeCommand, TakesHalfOfTheProcessorsAndAtMostFour) {
    EXPECT_EQ(default_threads(0), 1U) << "the number is not known";
    EXPECT_EQ(default_threads(1), 1U);
    EXPECT_EQ(default_threads(2), 1U);
    EXPECT_EQ(default_threads(4), 2U);
    EXPECT_EQ(default_threads(64), 4U);
}

TEST(ServeCommand, ReadsAddressAndPort) {
    EXPECT_EQ(parse_listen("0.0.0.0:8443", "--listen"), Listen("0.0.0.0", 8443));
    EXPECT_EQ(parse_listen("[::1]:8443", "--listen"), Listen("::1", 8443));
    EXPECT_EQ(parse_listen(":8443", "--listen"), Listen("0.0.0.0", 8443));
    for (const auto* text : {"", "8443", "host:", "host:x", "host:65536", "host:-1", "host:1 "}) {
        try {
            parse_listen(text, "--listen");
            ADD_FAILURE() << text;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.code(), base::Errc::usage) << text;
            EXPECT_NE(std::string(error.what()).find("--listen"), std::string::npos) << text;
        }
    }
}

}  // namespace
}  // namespace airlock::webhook
