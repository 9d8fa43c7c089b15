#include "webhook/serve_command.hpp"

#include "tests/support/expect_error.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace airlock::webhook {
namespace {

using Listen = std::pair<std::string, std::uint16_t>;

TEST(ServeCommand, UsesHalfTheProcessorsAndAtMostFourThreads) {
    EXPECT_EQ(default_threads(0), 1U) << "the number of processors is unknown";
    EXPECT_EQ(default_threads(1), 1U);
    EXPECT_EQ(default_threads(2), 1U);
    EXPECT_EQ(default_threads(4), 2U);
    EXPECT_EQ(default_threads(64), 4U);
}

TEST(ServeCommand, ParsesAddressAndPort) {
    EXPECT_EQ(parse_listen("0.0.0.0:8443", "--listen"), Listen("0.0.0.0", 8443));
    EXPECT_EQ(parse_listen("[::1]:8443", "--listen"), Listen("::1", 8443));
    EXPECT_EQ(parse_listen("[10.0.0.1]:8443", "--listen"), Listen("10.0.0.1", 8443));
    EXPECT_EQ(parse_listen(":8443", "--listen"), Listen("0.0.0.0", 8443));
    for (const auto* text : {"", "8443", "host:", "host:x", "host:65536", "host:-1", "host:1 "}) {
        SCOPED_TRACE(text);
        ::airlock::test::expect_error([&] { return parse_listen(text, "--listen"); },
                                      base::Errc::usage, "--listen", "0.0.0.0:8443");
    }
}

}  // namespace
}  // namespace airlock::webhook
